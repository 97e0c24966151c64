"""An alarm as Slack's blocks: a header, the words, the facts in two columns, links, and buttons. Pure.

Limits (docs.slack.dev, block kit reference): 50 blocks; header 150 characters; section text 3,000, 10 fields of 2,000;
25 buttons, label 75, action_id 255, value 2,000; context 10 elements.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from anclora.kit.severity import Severity
from anclora.notify.actions import ACKNOWLEDGE, ESCALATE
from anclora.notify.contract import Action, Kind, Link, Notice
from anclora.notify.slack.rendering import escaped

Block = Mapping[str, Any]
SECTION_CHARS = 3_000
_HEADER_CHARS = 150
_SECTIONS = 12
_PIECE_CHARS = 550  # `&amp;` is five characters, so that 550 of ours fit into a section whatever they are
_SIGN: Mapping[Severity, str] = {
    Severity.INFO: "\N{BAR CHART}",
    Severity.WARNING: "\N{WARNING SIGN}\ufe0f",
    Severity.CRITICAL: "\N{POLICE CARS REVOLVING LIGHT}",
}
_STYLE: Mapping[str, Mapping[str, str]] = {ACKNOWLEDGE: {"style": "primary"}, ESCALATE: {"style": "danger"}}
_STATE: Mapping[Kind, str] = {
    Kind.TRIGGER: "",
    Kind.ACKNOWLEDGE: "\N{EYES}",
    Kind.RESOLVE: "\N{WHITE HEAVY CHECK MARK}",
}


def drawn(notice: Notice, notice_id: UUID, *, buttons: bool) -> list[Block]:
    """A notice that starts a thread, or stands alone."""
    return [
        _header(f"{_STATE[notice.kind] or _SIGN[notice.severity]} {notice.title}"),
        *_words(notice.text, notice_id),
        *_facts(notice),
        *_links(notice.links),
        *_buttons(notice.actions if buttons else ()),
    ]


def drawn_again(first: Notice, first_id: UUID, news: Notice, *, buttons: bool) -> list[Block]:
    """The first notice of an incident after the news: how it stands, and what may still be done about it."""
    stand = f"{_STATE[news.kind]} *{escaped(news.title)}*".strip()
    return [
        _header(f"{_STATE[news.kind] or _SIGN[first.severity]} {first.title}"),
        {"type": "section", "text": _mrkdwn(stand)},
        *_words(first.text, first_id),
        *_facts(first),
        *_links(first.links),
        *_buttons(news.actions if buttons else ()),
    ]


def _header(text: str) -> Block:
    if len(text) > _HEADER_CHARS:
        return {"type": "section", "text": _mrkdwn(f"*{escaped(text)}*")}
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": True}}


def _mrkdwn(text: str) -> Mapping[str, str]:
    return {"type": "mrkdwn", "text": text}


def _words(text: str, notice_id: UUID) -> list[Block]:
    """The text in sections that break at line ends; too long a text is cut, and says so and where the whole is."""
    pieces: list[str] = []
    rest = text.strip()
    while rest and len(pieces) < _SECTIONS:
        piece = _piece(rest)
        pieces.append(escaped(piece))
        rest = rest[len(piece) :].lstrip("\n")
    blocks: list[Block] = [{"type": "section", "text": _mrkdwn(piece)} for piece in pieces if piece.strip()]
    if rest:
        note = f"… cut here; the whole text is in the ledger, notice {notice_id}"
        blocks.append({"type": "context", "elements": [_mrkdwn(note)]})
    return blocks


def _piece(text: str) -> str:
    """As much of a text as surely fits into a section, whole lines where it can be."""
    most = SECTION_CHARS if len(escaped(text[:SECTION_CHARS])) <= SECTION_CHARS else _PIECE_CHARS
    if len(text) <= most:
        return text
    end = text.rfind("\n", 1, most)
    return text[: end if end > 0 else most]


def _facts(notice: Notice) -> list[Block]:
    if not notice.facts:
        return []
    fields = [_mrkdwn(f"*{escaped(fact.name)}*\n{escaped(fact.value)}") for fact in notice.facts]
    return [{"type": "section", "fields": fields}]


def _links(links: Sequence[Link]) -> list[Block]:
    shown: list[Block] = []
    for start in range(0, len(links), 10):
        elements = [_mrkdwn(linked(link)) for link in links[start : start + 10]]
        shown.append({"type": "context", "elements": elements})
    return shown[:5]


def linked(link: Link) -> str:
    """A link in Slack's spelling."""
    address = escaped(link.url).replace("|", "%7C")
    return f"<{address}|{escaped(link.title).replace('|', '/')}>"


def _buttons(actions: Sequence[Action]) -> list[Block]:
    if not actions:
        return []
    elements: list[Mapping[str, Any]] = []
    for action in actions:
        button: dict[str, Any] = {
            "type": "button",
            "text": {"type": "plain_text", "text": action.label, "emoji": True},
            "action_id": action.id,
            "value": action.value,
        }
        elements.append({**button, **_STYLE.get(action.id, {})})
    return [{"type": "actions", "elements": elements}]
