"""What Slack says about blocks: it draws none of a message when one of them breaks a limit.

Source: docs.slack.dev, block kit reference (documented only: no workspace was asked).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_BLOCKS = 50


def wrong_with(blocks: Any) -> str | None:
    """The first thing that is wrong, or None."""
    if not isinstance(blocks, list) or not 0 < len(blocks) <= MOST_BLOCKS:
        return f"a message has 1 to {MOST_BLOCKS} blocks"
    return next((wrong for block in blocks for wrong in _wrong(block)), None)


def shown(blocks: Sequence[Mapping[str, Any]]) -> str:
    """The words of blocks, as a person reads them from top to bottom."""
    return "\n".join(text for block in blocks for text in _texts(block))


def _wrong(block: Mapping[str, Any]) -> Iterator[str]:
    match block.get("type"):
        case "header":
            yield from _text(block.get("text"), "plain_text", 150)
        case "section":
            yield from _section(block)
        case "context":
            if not 0 < len(block.get("elements", ())) <= 10:
                yield "a context has 1 to 10 elements"
            for each in block.get("elements", ()):
                yield from _text(each, "mrkdwn", 3_000)
        case "actions":
            yield from _buttons(block.get("elements", ()))
        case other:
            yield f"there is no block {other}"


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    if not block.get("text") and not block.get("fields"):
        yield "a section needs text or fields"
    if "text" in block:
        yield from _text(block["text"], "mrkdwn", 3_000)
    if not 0 < len(block.get("fields", ["-"])) <= 10:
        yield "a section has 1 to 10 fields"
    for each in block.get("fields", ()):
        yield from _text(each, "mrkdwn", 2_000)


def _buttons(elements: Any) -> Iterator[str]:
    if not 0 < len(elements) <= 25:
        yield "actions have 1 to 25 elements"
    ids = [each.get("action_id") for each in elements]
    if len(set(ids)) < len(ids):
        yield "an action_id is unique in its block"
    for each in elements:
        yield from _text(each.get("text"), "plain_text", 75)
        if not 0 < len(each.get("action_id", "")) <= 255 or not len(each.get("value", "")) <= 2_000:
            yield "an action_id has 1 to 255 characters, a value at most 2,000"
        if each.get("style") not in (None, "primary", "danger"):
            yield "a style is primary or danger"


def _text(value: Any, kind: str, most: int) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") != kind or not 0 < len(str(value.get("text", ""))) <= most:
        yield f"a text here is {kind} of 1 to {most} characters"


def _texts(block: Mapping[str, Any]) -> Iterator[str]:
    if "text" in block:
        yield str(block["text"]["text"])
    for each in block.get("fields", ()):
        yield str(each["text"])
    for each in block.get("elements", ()):
        yield f"[{each['text']['text']}]" if each.get("type") == "button" else str(each["text"])
