"""The draft of a post-mortem: what was measured is filled in, what people have to think about is asked. Pure.

The headings are those of the example in "Site Reliability Engineering" (Beyer et al., 2016), appendix D.
"""

from collections.abc import Sequence
from datetime import datetime

from anclora.incidents.model import ActionItem, Change, Detail, Incident, PostMortemState
from anclora.incidents.rules import ACK_SECONDS
from anclora.incidents.words import change_line, spelled
from anclora.kit.severity import Severity
from anclora.oncall.document import local

_ASK = "_(to be written)_"


def state_of(detail: Detail) -> PostMortemState:
    """Where the post-mortem of an incident stands."""
    if any(each.done_at is None for each in detail.actions):
        return PostMortemState.OPEN
    return PostMortemState.CLOSED if detail.actions and detail.incident.resolved_at else PostMortemState.DRAFT


def draft(detail: Detail, changes: Sequence[Change], zone: str, now: datetime) -> str:
    """The draft in Markdown.

    Args:
        detail: of the incident, over or not.
        changes: before it and while it went on, the newest first.
        zone: whose clock the times are by.
        now: the present moment, for what goes on still.
    """
    one = detail.incident
    lines = [*_head(detail, changes, zone), *_timeline(detail, zone), *_lessons(one, now), *_actions(detail.actions)]
    return "\n".join(lines) + "\n"


def _head(detail: Detail, changes: Sequence[Change], zone: str) -> list[str]:
    """What it was, what was measured, and what may have led to it."""
    one = detail.incident
    return [
        f"# Post-mortem: {one.name}",
        "",
        f"**Incident:** {one.id}  ",
        f"**Severity:** {one.severity}  ",
        f"**Status:** {_status(detail)}  ",
        f"**Summary:** {one.summary}",
        "",
        "## Measured",
        "",
        "| | took | from | to |",
        "|---|---|---|---|",
        *(f"| {row} |" for row in _measured(one, zone)),
        "",
        "## Impact",
        "",
        _ASK,
        "",
        "## Root causes",
        "",
        _ASK,
        "",
        "## Trigger",
        "",
        _ASK if not changes else "Changed before it, the newest first; cross out what had nothing to do with it:",
        *([""] if changes else []),
        *(f"- {change_line(each, zone)}" for each in changes),
        "",
        "## Detection",
        "",
        f"By {one.source}, said {one.signals} time{'s' if one.signals > 1 else ''}. {_ASK}",
        "",
    ]


def _timeline(detail: Detail, zone: str) -> list[str]:
    return [
        "## Timeline",
        "",
        f"Times by the clock of {zone}.",
        "",
        *(f"- {local(each.at, zone)} **{each.kind}** {_plain(each.text)} ({each.actor})" for each in detail.timeline),
        "",
    ]


def _lessons(one: Incident, now: datetime) -> list[str]:
    return [
        "## What went well",
        "",
        f"- {_ASK}",
        "",
        "## What went wrong",
        "",
        *(f"- {each}" for each in _missed(one, now)),
        f"- {_ASK}",
        "",
        "## Where we were lucky",
        "",
        f"- {_ASK}",
        "",
    ]


def _actions(actions: Sequence[ActionItem]) -> list[str]:
    rows = [
        f"| {_cell(each.text)} | {_cell(each.owner)} | {each.due_on} | "
        f"{f'{each.done_at:%Y-%m-%d}, {_cell(each.done_by or str())}' if each.done_at else 'no'} |"
        for each in actions
    ]
    return ["## Actions", "", "| action | owner | by | done |", "|---|---|---|---|", *(rows or [f"| {_ASK} | | | |"])]


def _status(detail: Detail) -> str:
    """The state of the post-mortem, and what it waits for."""
    wanted = sum(each.done_at is None for each in detail.actions)
    waits = [f"{wanted} of {len(detail.actions)} actions to be done"] if wanted else []
    waits += [] if detail.incident.resolved_at else ["the incident goes on"]
    return ", ".join([state_of(detail).value, *waits])


def _measured(one: Incident, zone: str) -> list[str]:
    """Detection, acknowledgement and mitigation; what did not happen says so."""
    over = one.cleared_at or one.resolved_at
    rows: list[tuple[str, datetime, datetime | None]] = [
        ("Detection (began, noticed)", one.starts_at, one.opened_at),
        ("Acknowledgement (clocks began, taken)", one.clock_at, one.acknowledged_at),
        ("Mitigation (noticed, no longer so)", one.opened_at, over),
        ("Resolution (noticed, closed)", one.opened_at, one.resolved_at),
    ]
    found: list[str] = []
    for name, start, end in rows:
        took = "not yet" if end is None else spelled(max(0.0, (end - start).total_seconds()))
        found.append(f"{name} | {took} | {local(start, zone)} | {local(end, zone) if end else '-'}")
    target = spelled(ACK_SECONDS[one.severity])
    if one.ack_seconds is not None:
        verdict = "met" if one.ack_seconds <= ACK_SECONDS[one.severity] else "missed"
        found.append(f"Target of acknowledgement: {target} | {verdict}, {spelled(one.ack_seconds)} counted | |")
    return found


def _missed(one: Incident, now: datetime) -> list[str]:
    target = ACK_SECONDS[one.severity]
    if one.ack_seconds is not None and one.ack_seconds > target:
        return [f"Acknowledged after {spelled(one.ack_seconds)}; the target is {spelled(target)}."]
    end = one.resolved_at or now
    late = one.severity is Severity.CRITICAL and (end - one.clock_at).total_seconds() > target
    return ["Nobody acknowledged it."] if one.acknowledged_at is None and late else []


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    return text.replace("\n", " ")
