"""A notice in Slack's own spelling (mrkdwn). Pure."""

from collections.abc import Mapping
from uuid import UUID

from anclora.kit.severity import Severity
from anclora.notify.contract import Notice

# Slack cuts a text after 40,000 characters, and refuses some that are longer (`msg_too_long`).
TEXT_CHARS = 39_000
_BANNER_CHARS = 300
_SIGN: Mapping[Severity, str] = {
    Severity.INFO: ":bar_chart:",
    Severity.WARNING: ":warning:",
    Severity.CRITICAL: ":rotating_light:",
}


def rendered(notice: Notice, notice_id: UUID) -> str:
    """Title, text and links; too long a text is cut, and says so and where the whole is."""
    head = f"{_SIGN[notice.severity]} *{escaped(notice.title)}*\n"
    tail = "".join(f"\n<{_address(link.url)}|{escaped(link.title).replace('|', '/')}>" for link in notice.links)
    body, room = escaped(notice.text), TEXT_CHARS - len(head) - len(tail)
    if len(body) > room:
        note = f"\n… cut here; the whole text is in the ledger, notice {notice_id}"
        body = escaped(notice.text[: (room - len(note)) // 5]) + note  # `&amp;` is five characters
    return head + body + tail


def fallback(notice: Notice) -> str:
    """What a phone's banner and a screen reader get when the message itself is blocks: title and the first words."""
    words = " ".join(notice.text.split())
    return f"{_SIGN[notice.severity]} {escaped(notice.title)}: {escaped(words[:_BANNER_CHARS])}"


def escaped(text: str) -> str:
    """The three characters Slack reads as its own (docs.slack.dev, formatting: escaping text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _address(url: str) -> str:
    return escaped(url).replace("|", "%7C")
