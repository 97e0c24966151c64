"""What is wrong with the weeks ahead. Pure."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from anclora.oncall.model import Duty, Finding, Holiday, Layer, Roster, Shift
from anclora.oncall.rules import moment_of, shifts, weeks

WEEKS = 4


def lint(
    roster: Roster, now: datetime, channels: Collection[str] | None = None, *, weeks_ahead: int = WEEKS
) -> list[Finding]:
    """What somebody should mend before it is due, in order of time.

    Args:
        roster: the plan.
        now: from when on.
        channels: those that are configured; None = not known, every way counts.
        weeks_ahead: how far.
    """
    until = now + timedelta(weeks=weeks_ahead)
    first, second = (shifts(roster, layer, now, until) for layer in Layer)
    found = [*_gaps(roster, first, second), *_doubles(first, second), *_in_a_row(roster, now, until)]
    for layer, plan in ((Layer.PRIMARY, first), (Layer.BACKUP, second)):
        found += [each for shift in plan for each in _days_off(roster, shift, layer)]
    found += [*_unreachable(roster, first, second, channels), *_duties(roster, now, until)]
    return sorted(found, key=lambda each: (each.starts_at, each.kind, each.text))


def _gaps(roster: Roster, first: list[Shift], second: list[Shift]) -> Iterator[Finding]:
    has_backup = any(each.layer is Layer.BACKUP for each in roster.rotations)
    for shift in first:
        if shift.person is None:
            yield _finding("gap", shift, None, "Nobody is on call.")
    for shift in second:
        if has_backup and shift.person is None:
            yield _finding("no_backup", shift, None, "There is no backup; the DevOps lead is paged instead.")


def _doubles(first: list[Shift], second: list[Shift]) -> Iterator[Finding]:
    for one in first:
        for other in second:
            both = _overlap(one, other.starts_at, other.ends_at)
            if both and one.person is not None and one.person == other.person:
                yield _finding("double", both, one.person, f"{one.person} is on call and backup at once.")


def _in_a_row(roster: Roster, now: datetime, until: datetime) -> Iterator[Finding]:
    # The week that goes on now began before: it is looked at whole.
    plan = weeks(roster, Layer.PRIMARY, now - timedelta(days=7), until)
    for before, after in pairwise(plan):
        if before.person is not None and before.person == after.person and after.starts_at >= now:
            yield _finding("in_a_row", after, after.person, f"{after.person} is on call two weeks in a row.")


def _days_off(roster: Roster, shift: Shift, layer: Layer) -> Iterator[Finding]:
    role = "on call" if layer is Layer.PRIMARY else "backup"
    for holiday in roster.holidays:
        start, end = _edges(holiday, roster.hours.zone)
        both = _overlap(shift, start, end)
        if both is None or shift.person is None:
            continue
        if holiday.person == shift.person:
            yield _finding("away", both, shift.person, f"{shift.person} is {role} and away: {holiday.name}.")
        elif holiday.person is None and layer is Layer.PRIMARY:
            yield _finding("holiday", both, shift.person, f"{shift.person} is on call on a day off: {holiday.name}.")


def _unreachable(
    roster: Roster, first: list[Shift], second: list[Shift], channels: Collection[str] | None
) -> Iterator[Finding]:
    seen: set[str] = set()
    for shift in sorted([*first, *second], key=lambda each: each.starts_at):
        name = shift.person
        if name is None or name in seen:
            continue
        seen.add(name)
        ways = roster.people[name].ways if name in roster.people else {}
        if not any(ways.get(each) for each in (ways if channels is None else channels)):
            text = f"{name} cannot be reached personally: no way of theirs is a configured channel."
            yield _finding("unreachable", shift, name, text)


def _duties(roster: Roster, now: datetime, until: datetime) -> Iterator[Finding]:
    ahead = Shift(starts_at=now, ends_at=until, person=None)
    for duty, kind, name in ((Duty.DEVOPS_LEAD, "no_lead", "DevOps lead"), (Duty.CTO, "no_cto", "CTO")):
        if duty not in roster.duties:
            text = f"Nobody is {name}: an incident that lasts ends there. Set: anclora oncall duty {duty.value} NAME"
            yield _finding(kind, ahead, None, text)


def _edges(holiday: Holiday, zone: str) -> tuple[datetime, datetime]:
    midnight = datetime.min.time()
    return moment_of(holiday.first_day, midnight, zone), moment_of(holiday.last_day + timedelta(days=1), midnight, zone)


def _overlap(shift: Shift, start: datetime, end: datetime) -> Shift | None:
    start, end = max(shift.starts_at, start), min(shift.ends_at, end)
    return Shift(starts_at=start, ends_at=end, person=shift.person) if start < end else None


def _finding(kind: str, span: Shift, person: str | None, text: str) -> Finding:
    return Finding(kind=kind, starts_at=span.starts_at, ends_at=span.ends_at, person=person, text=text)
