"""Who is responsible when. Pure: rows and a moment in, names out.

A hand-off is a wall time in a zone; its moment is computed for each week, so that Monday ten o'clock is ten o'clock on
both sides of a change of clocks, and the week between has 167 or 169 hours.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from anclora.oncall.model import Duty, Layer, OnCall, Override, Roster, Rotation, Shift

WEEK_DAYS = 7


def moment_of(day: date, at: time, zone: str) -> datetime:
    """When clocks in a zone show a time of a day, in UTC.

    Of a time shown twice it is the first; a time that is skipped counts as if the clocks had not been changed yet.
    """
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def handoff_of(rotation: Rotation, week: int) -> datetime:
    """When the turn of a week begins; week 0 is the rotation's first."""
    return moment_of(rotation.starts_on + timedelta(days=WEEK_DAYS * week), rotation.at, rotation.zone)


def week_of(rotation: Rotation, at: datetime) -> int:
    """The week of a rotation a moment falls in; negative before it begins."""
    week = (at.astimezone(ZoneInfo(rotation.zone)).date() - rotation.starts_on).days // WEEK_DAYS
    return week if handoff_of(rotation, week) <= at else week - 1


def rotation_at(roster: Roster, layer: Layer, at: datetime) -> Rotation | None:
    """The rotation in force: of those that have begun, the one that began last."""
    begun = [each for each in roster.rotations if each.layer is layer and handoff_of(each, 0) <= at]
    return max(begun, key=lambda each: handoff_of(each, 0), default=None)


def override_at(roster: Roster, layer: Layer, at: datetime) -> Override | None:
    """The override in force: of those that cover the moment, the one made last."""
    covering = [each for each in roster.overrides if each.layer is layer and each.starts_at <= at < each.ends_at]
    return max(covering, key=lambda each: (each.created_at, each.id), default=None)


def scheduled(roster: Roster, layer: Layer, at: datetime) -> str | None:
    """Whose turn it is by the plan, accepted or not."""
    if override := override_at(roster, layer, at):
        return override.person
    if rotation := rotation_at(roster, layer, at):
        return rotation.people[week_of(rotation, at) % len(rotation.people)]
    return None


def who(roster: Roster, at: datetime) -> OnCall:
    """Who is responsible at a moment.

    A hand-off that nobody has accepted leaves the one before responsible, unless an override names somebody else.
    """
    primary = scheduled(roster, Layer.PRIMARY, at)
    last = max((each for each in roster.handoffs if each.at <= at), key=lambda each: each.at, default=None)
    waiting = None
    if last and primary == last.to_person and (last.accepted_at is None or last.accepted_at > at):
        waiting, primary = last, last.from_person
    return OnCall(
        primary=primary,
        backup=scheduled(roster, Layer.BACKUP, at),
        devops_lead=roster.duties.get(Duty.DEVOPS_LEAD),
        cto=roster.duties.get(Duty.CTO),
        waiting=waiting,
    )


def handoffs_between(roster: Roster, since: datetime, until: datetime, layer: Layer = Layer.PRIMARY) -> list[datetime]:
    """The moments at which weeks begin, `since` excluded and `until` included."""
    found: set[datetime] = set()
    for rotation in roster.rotations:
        if rotation.layer is layer:
            week = max(0, week_of(rotation, since))
            while (at := handoff_of(rotation, week)) <= until:
                if at > since and rotation_at(roster, layer, at) is rotation:
                    found.add(at)
                week += 1
    return sorted(found)


def shifts(roster: Roster, layer: Layer, since: datetime, until: datetime) -> list[Shift]:
    """The plan of a layer without holes: neighbours of the same person are one."""
    found: list[Shift] = []
    for shift in _pieces(roster, layer, since, until):
        if found and found[-1].person == shift.person:
            found[-1] = Shift(starts_at=found[-1].starts_at, ends_at=shift.ends_at, person=shift.person)
        else:
            found.append(shift)
    return found


def weeks(roster: Roster, layer: Layer, since: datetime, until: datetime) -> list[Shift]:
    """The weeks of a layer that begin or go on in a span, each put down to who has most of it."""
    edges = [since, *handoffs_between(roster, since, until, layer), until]
    found: list[Shift] = []
    for start, end in pairwise(edges):
        if start < end:
            mine: dict[str | None, timedelta] = {}
            for each in shifts(roster, layer, start, end):
                mine[each.person] = mine.get(each.person, timedelta()) + (each.ends_at - each.starts_at)
            person = max(mine, key=lambda name: mine[name])
            found.append(Shift(starts_at=start, ends_at=end, person=person))
    return found


def uncovered_seconds(roster: Roster, now: datetime, days: int) -> float:
    """How long in the days ahead nobody is on call."""
    ahead = shifts(roster, Layer.PRIMARY, now, now + timedelta(days=days))
    return sum((each.ends_at - each.starts_at).total_seconds() for each in ahead if each.person is None)


def _pieces(roster: Roster, layer: Layer, since: datetime, until: datetime) -> Iterator[Shift]:
    edges = {since, until, *handoffs_between(roster, since, until, layer)}
    for override in roster.overrides:
        edges |= {override.starts_at, override.ends_at}
    inside: Sequence[datetime] = sorted(edge for edge in edges if since <= edge <= until)
    for start, end in pairwise(inside):
        yield Shift(starts_at=start, ends_at=end, person=scheduled(roster, layer, start))
