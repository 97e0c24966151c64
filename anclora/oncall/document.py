"""The hand-off document, with the playbook's headings word for word (ON-CALL PROCEDURES, Handoff Checklist). Pure."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

NONE = "None"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the next person has to know; lines of plain text.

    Attributes:
        active: issues that are not resolved.
        changes: what was deployed, set or paused.
        upcoming: what is planned.
        further: headings of our own, below the playbook's, each with its lines.
    """

    active: Sequence[str] = ()
    changes: Sequence[str] = ()
    upcoming: Sequence[str] = ()
    further: Sequence[tuple[str, Sequence[str]]] = ()


def local(moment: datetime, zone: str) -> str:
    """A moment as the business reads it: `Mon 2026-03-30 10:00`."""
    return f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}"


def handoff_document(at: datetime, zone: str, from_person: str, to_person: str, facts: Facts, notes: str) -> str:
    """The document of a hand-off in Markdown.

    Args:
        at: when it is due.
        zone: where the business is.
        from_person: who had the shift.
        to_person: who gets it.
        facts: what is known.
        notes: what the one before adds, in Markdown.
    """
    lines = [
        f"## On-Call Handoff - {at.astimezone(ZoneInfo(zone)):%Y-%m-%d}",
        "",
        f"**From:** {from_person}",
        f"**To:** {to_person}",
        "",
        "### Active Issues",
        *_listed("- [ ] ", facts.active),
        "",
        "### Recent Changes",
        *_listed("- ", facts.changes),
        "",
        "### Upcoming",
        *_listed("- ", facts.upcoming),
        "",
        "### Notes",
        notes.strip() or NONE,
    ]
    for heading, items in facts.further:
        lines += ["", f"### {heading}", *_listed("- ", items)]
    return "\n".join(lines) + "\n"


def _listed(mark: str, items: Sequence[str]) -> list[str]:
    return [mark + " ".join(item.split()) for item in items] or [NONE]
