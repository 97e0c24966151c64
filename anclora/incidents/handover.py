"""What incidents have to do with a shift that passes on: facts for its document, and the alarm when nobody takes it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from anclora.incidents.action import overdue_actions
from anclora.incidents.budget import PROMISED, Budget, read_budget
from anclora.incidents.ledger import QUERIES, incident_of, quiet_of
from anclora.incidents.measure import Flapping, NightPage, flapping, load, night_pages
from anclora.incidents.model import ActionItem, Change, Incident, Quiet, Signal
from anclora.incidents.page import changes_told
from anclora.incidents.signal import cleared, raised
from anclora.incidents.silence import MAINTENANCE
from anclora.incidents.words import change_line, planned, spelled
from anclora.kit.severity import Severity
from anclora.oncall import Facts, Hours, lint, read_roster
from anclora.oncall.document import local
from anclora.oncall.model import Finding, Handoff, Roster
from anclora.storage.database import Connection, fetch_all

_CHANGES = 20
_ISSUES = 50
_AHEAD, _WEEK, _SOON = timedelta(days=14), timedelta(days=7), timedelta(days=1)
FLAPPING = 3  # an alert that opened more often in a week is flapping: its threshold or what it watches is to be mended
NOT_ACCEPTED = "AncloraHandoffNotAccepted"


async def gather_facts(conn: Connection, hours: Hours, since: datetime, now: datetime) -> Facts:
    """The facts of a shift that began at `since`, as `oncall.handoff.Gathers` wants them."""
    zone = hours.zone
    values = {"state": "unresolved", "severity": None, "name": None, "before": None, "limit": _ISSUES}
    issues = [incident_of(row) for row in await fetch_all(conn, QUERIES["list_incidents"], **values)]
    changes = await changes_told(conn, since, now, limit=_CHANGES)
    quiet = [quiet_of(row) for row in await fetch_all(conn, QUERIES["read_silences"], since=now)]
    roster = await read_roster(conn, hours, now)
    silences = sorted((each for each in quiet if each.kind != MAINTENANCE), key=lambda one: (one.ends_at, one.id))
    return Facts(
        active=[_issue(each, zone) for each in issues],
        changes=[_told(each, zone) for each in changes],
        upcoming=_upcoming(issues, quiet, roster, now),
        further=[
            ("Error Budget", [_budget(await read_budget(conn, now))]),
            ("Overdue Actions", [_overdue(each) for each in await overdue_actions(conn, now, zone)]),
            ("Flapping Alerts", [_restless(each) for each in await flapping(conn, now - _WEEK, FLAPPING)]),
            ("Silences", [_silence(each, zone, now) for each in silences]),
            ("Calls of This Shift", await _calls(conn, zone, since, now)),
            ("Calls at Night", [_night(each, zone) for each in await night_pages(conn, zone, since, now)]),
            ("Roster of the Next Four Weeks", [_finding(each, zone) for each in lint(roster, now)]),
        ],
    )


async def _calls(conn: Connection, zone: str, since: datetime, now: datetime) -> list[str]:
    """Who was called how often in this shift, and all of it beside the week before."""
    mine, before = await load(conn, zone, since, now), await load(conn, zone, since - _WEEK, since)
    lines = [
        f"{each.person}: {_times(each.pages)}, {each.at_night} at night, "
        f"acknowledged after {_time(each.p50_ack_seconds)} (p50) and {_time(each.p95_ack_seconds)} (p95)"
        for each in mine
    ]
    if not mine and not before:
        return []
    (pages, nights), (pages_then, nights_then) = (
        (sum(each.pages for each in shift), sum(each.at_night for each in shift)) for shift in (mine, before)
    )
    return [*lines, f"In all: {_times(pages)}, {nights} at night; in the week before {pages_then} and {nights_then}"]


class HandoffAlarm:
    """A hand-off nobody accepted is a warning; as `oncall.handoff.Alarm` wants it."""

    async def late(self, conn: Connection, handoff: Handoff, now: datetime) -> None:
        """Raise it."""
        signal = Signal(
            fingerprint=_fingerprint(handoff),
            name=NOT_ACCEPTED,
            severity=Severity.WARNING,
            labels={"from": handoff.from_person, "to": handoff.to_person},
            summary=f"{handoff.to_person} has not accepted the on-call shift (anclora oncall accept); "
            f"{handoff.from_person} is responsible",
            starts_at=handoff.at,
            source="oncall",
            dashboard="system-dashboard",
        )
        await raised(conn, signal, now)

    async def settled(self, conn: Connection, handoff: Handoff, now: datetime) -> None:
        """Clear it."""
        await cleared(conn, _fingerprint(handoff), now, None)


def _fingerprint(handoff: Handoff) -> str:
    return f"handoff:{handoff.id}"


def _issue(incident: Incident, zone: str) -> str:
    state = f"{incident.acknowledged_by} has it" if incident.acknowledged_by else "nobody has it"
    more = f"; planned: {planned(incident)}" if incident.severity is Severity.WARNING else ""
    since = local(incident.starts_at, zone)
    return f"{incident.name} - {incident.summary} ({incident.severity}, since {since}; {state}{more})"


def _told(change: Change, zone: str) -> str:
    return change_line(change, zone)


def _upcoming(issues: Sequence[Incident], quiet: Sequence[Quiet], roster: Roster, now: datetime) -> list[str]:
    zone = roster.hours.zone
    found = [
        (each.starts_at, f"Maintenance: {each.reason}, {local(each.starts_at, zone)} to {local(each.ends_at, zone)}")
        for each in quiet
        if each.kind == MAINTENANCE
    ]
    lines = [text for _at, text in sorted(found)]
    lines += [
        f"{each.name} is to be mended on {each.planned_for} by {each.planned_owner}"
        for each in sorted(issues, key=lambda one: (str(one.planned_for), one.id))
        if each.planned_for and each.planned_owner
    ]
    until = (now + _AHEAD).date()
    lines += [
        f"Day off{f' of {each.person}' if each.person else ''}: {each.name}, {each.first_day} to {each.last_day}"
        for each in roster.holidays
        if each.first_day <= until and each.last_day >= now.date()
    ]
    return lines


def _silence(quiet: Quiet, zone: str, now: datetime) -> str:
    what = ", ".join(f"{name}={value}" for name, value in sorted(quiet.matches.items())) or "everything"
    soon = "ends within a day: " if quiet.ends_at <= now + _SOON else ""
    return f"{soon}{what} until {local(quiet.ends_at, zone)}: {quiet.reason} ({quiet.author})"


def _budget(found: Budget) -> str:
    if not found.ended:
        return "No message ended in 30 days, so all of it is left"
    left = f"{found.left:.0%} is left" if found.left >= 0 else f"overdrawn by {-found.left:.0%}"
    return (
        f"{left}: in 30 days {found.lost} of {found.ended} messages were lost to our own or the provider's faults, and "
        f"{PROMISED:.1%} is promised"
    )


def _overdue(action: ActionItem) -> str:
    return f"{action.text} ({action.owner}, until {action.due_on}; learnt from {action.name}, {action.incident_id})"


def _restless(found: Flapping) -> str:
    about = f", about {found.things} different things" if found.things > 1 else ""
    return f"{found.name} opened {found.times} times in 7 days{about}"


def _night(page: NightPage, zone: str) -> str:
    return f"{local(page.at, zone)} {page.person}: {page.name}"


def _finding(finding: Finding, zone: str) -> str:
    return f"{local(finding.starts_at, zone)} to {local(finding.ends_at, zone)}: {finding.text}"


def _times(calls: int) -> str:
    return "1 call" if calls == 1 else f"{calls} calls"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else spelled(seconds)
