"""Who is responsible: weeks by wall time over both changes of clocks, overrides, swaps, hand-offs nobody accepts."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from anclora.kit.ids import new_id
from anclora.oncall.hours import advance, always, business, elapsed_seconds, without
from anclora.oncall.lint import lint
from anclora.oncall.model import (
    Duty,
    Handoff,
    Holiday,
    Hours,
    Layer,
    Override,
    Person,
    Roster,
    Rotation,
    Span,
)
from anclora.oncall.rules import (
    handoff_of,
    handoffs_between,
    moment_of,
    scheduled,
    shifts,
    uncovered_seconds,
    week_of,
    weeks,
    who,
)

MADRID = "Europe/Madrid"
TEN = time(10)
HOURS = Hours(opens=time(9), closes=time(18), zone=MADRID)
MONDAY = date(2026, 3, 2)


def at(text: str) -> datetime:
    """A wall time in Madrid."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(MADRID)).astimezone(UTC)


def rotation(*people: str, layer: Layer = Layer.PRIMARY, starts_on: date = MONDAY) -> Rotation:
    return Rotation(id=new_id(), layer=layer, starts_on=starts_on, at=TEN, zone=MADRID, people=people)


def roster(*rotations: Rotation, **parts: Any) -> Roster:
    names = {name for each in rotations for name in each.people}
    people = {name: Person(name=name, ways={"email": [f"{name}@example.com"]}) for name in names}
    empty: dict[str, Any] = {"people": people, "overrides": [], "holidays": [], "handoffs": [], "duties": {}}
    return Roster(rotations=rotations, hours=HOURS, **(empty | parts))


def override(person: str, start: str, end: str, *, made: int = 0, layer: Layer = Layer.PRIMARY) -> Override:
    made_at = at("2026-03-01T00:00") + timedelta(seconds=made)
    span = {"starts_at": at(start), "ends_at": at(end)}
    return Override(id=new_id(), layer=layer, person=person, why="asked", swap_id=None, created_at=made_at, **span)


def handoff(when: str, before: str, after: str, accepted: str | None = None) -> Handoff:
    return Handoff(
        id=new_id(),
        at=at(when),
        from_person=before,
        to_person=after,
        notes="",
        document=None,
        posted_at=None,
        accepted_at=at(accepted) if accepted else None,
        accepted_by=None,
        warned_at=None,
        settled_at=None,
    )


def test_it_passes_on_at_ten_on_mondays() -> None:
    plan = roster(rotation("ana", "ben", "cleo"))
    turns = [("2026-03-02T10:00", "ana"), ("2026-03-09T09:59", "ana"), ("2026-03-09T10:00", "ben")]
    turns += [("2026-03-16T10:00", "cleo"), ("2026-03-23T10:00", "ana")]
    assert [scheduled(plan, Layer.PRIMARY, at(when)) for when, _who in turns] == [name for _when, name in turns]
    assert scheduled(plan, Layer.PRIMARY, at("2026-03-02T09:59")) is None


@pytest.mark.parametrize(
    ("first", "utc", "hours"),
    [
        (date(2026, 3, 23), ("2026-03-23T09:00", "2026-03-30T08:00"), 167),  # clocks go forward on 29 March
        (date(2026, 10, 19), ("2026-10-19T08:00", "2026-10-26T09:00"), 169),  # and back on 25 October
    ],
)
def test_ten_is_ten_on_both_sides_of_a_change_of_clocks(first: date, utc: tuple[str, str], hours: int) -> None:
    turn = rotation("ana", "ben", starts_on=first)
    begins = [handoff_of(turn, week) for week in (0, 1)]
    assert [f"{each:%Y-%m-%dT%H:%M}" for each in begins] == list(utc)
    assert {f"{each.astimezone(ZoneInfo(MADRID)):%a %H:%M}" for each in begins} == {"Mon 10:00"}
    assert (begins[1] - begins[0]) == timedelta(hours=hours)
    plan = roster(turn)
    assert shifts(plan, Layer.PRIMARY, begins[0], begins[1])[0].person == "ana"
    assert scheduled(plan, Layer.PRIMARY, begins[1] - timedelta(microseconds=1)) == "ana"
    assert scheduled(plan, Layer.PRIMARY, begins[1]) == "ben"


def test_a_time_the_clocks_skip_or_show_twice_is_one_moment() -> None:
    assert moment_of(date(2026, 3, 29), time(2, 30), MADRID) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert moment_of(date(2026, 10, 25), time(2, 30), MADRID) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_every_moment_of_a_year_has_exactly_one_person() -> None:
    plan = roster(rotation("ana", "ben", "cleo"))
    since, until = at("2026-03-02T10:00"), at("2027-03-01T10:00")
    found = shifts(plan, Layer.PRIMARY, since, until)
    assert (found[0].starts_at, found[-1].ends_at) == (since, until)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))
    assert len(found) == 52
    assert uncovered_seconds(plan, since, 7) == 0


def test_the_week_of_a_moment_is_the_one_its_turn_began_in() -> None:
    turn = rotation("ana", "ben")
    for week in range(-2, 60):
        begins = handoff_of(turn, week)
        assert week_of(turn, begins) == week
        assert week_of(turn, begins - timedelta(microseconds=1)) == week - 1


def test_a_new_rotation_leaves_the_past_as_it_was() -> None:
    plan = roster(rotation("ana", "ben"), rotation("cleo", "dan", starts_on=date(2026, 3, 16)))
    assert scheduled(plan, Layer.PRIMARY, at("2026-03-10T12:00")) == "ben"
    assert scheduled(plan, Layer.PRIMARY, at("2026-03-16T09:59")) == "ben"
    assert scheduled(plan, Layer.PRIMARY, at("2026-03-16T10:00")) == "cleo"
    assert handoffs_between(plan, at("2026-03-10T12:00"), at("2026-03-23T10:00")) == [
        at("2026-03-16T10:00"),
        at("2026-03-23T10:00"),
    ]


def test_the_override_made_last_wins_and_gaps_are_counted() -> None:
    first = override("ben", "2026-03-03T00:00", "2026-03-05T00:00", made=1)
    second = override("cleo", "2026-03-04T00:00", "2026-03-04T12:00", made=2)
    plan = roster(rotation("ana"), overrides=[second, first])
    names = [scheduled(plan, Layer.PRIMARY, at(f"2026-03-{when}")) for when in ("03T12:00", "04T06:00", "04T12:00")]
    assert names == ["ben", "cleo", "ben"]
    nobody = roster(overrides=[first])
    assert uncovered_seconds(nobody, at("2026-03-02T00:00"), 7) == 5 * 86_400


def test_the_old_one_stays_responsible_until_the_new_one_accepts() -> None:
    late = handoff("2026-03-09T10:00", "ana", "ben", accepted="2026-03-09T11:15")
    plan = roster(rotation("ana", "ben"), handoffs=[late])
    found = [who(plan, at(f"2026-03-09T{clock}")) for clock in ("09:59", "10:00", "11:14", "11:15")]
    assert [each.primary for each in found] == ["ana", "ana", "ana", "ben"]
    assert [each.waiting is late for each in found] == [False, True, True, False]
    never = roster(rotation("ana", "ben"), handoffs=[handoff("2026-03-09T10:00", "ana", "ben")])
    assert who(never, at("2026-03-16T09:59")).primary == "ana"
    assert who(never, at("2026-03-16T10:00")).primary == "ana"  # her turn again
    early = roster(rotation("ana", "ben"), handoffs=[handoff("2026-03-09T10:00", "ana", "ben", "2026-03-09T08:00")])
    assert [who(early, at(f"2026-03-09T{clock}")).primary for clock in ("09:59", "10:00")] == ["ana", "ben"]


def test_an_override_names_somebody_whatever_was_accepted() -> None:
    waiting = handoff("2026-03-09T10:00", "ana", "ben")
    instead = override("cleo", "2026-03-09T12:00", "2026-03-09T14:00")
    plan = roster(rotation("ana", "ben"), handoffs=[waiting], overrides=[instead])
    assert [who(plan, at(f"2026-03-09T{clock}")).primary for clock in ("11:00", "13:00", "15:00")] == [
        "ana",
        "cleo",
        "ana",
    ]


def test_the_check_finds_each_kind_and_nothing_in_a_good_plan() -> None:
    duties = {Duty.DEVOPS_LEAD: "ana", Duty.CTO: "ben"}
    good = roster(rotation("ana", "ben", "cleo"), rotation("ben", "cleo", "ana", layer=Layer.BACKUP), duties=duties)
    now = at("2026-03-10T12:00")
    assert lint(good, now) == []
    assert kinds(roster(), now) == {"gap", "no_lead", "no_cto"}
    assert kinds(roster(rotation("ana", "ana", "ben"), duties=duties), now) == {"in_a_row"}
    double = roster(rotation("ana", "ben"), rotation("ana", "cleo", layer=Layer.BACKUP), duties=duties)
    assert kinds(double, now) == {"double"}
    away = Holiday(id=new_id(), first_day=date(2026, 3, 17), last_day=date(2026, 3, 18), person="cleo", name="trip")
    everybody = Holiday(
        id=new_id(), first_day=date(2026, 3, 19), last_day=date(2026, 3, 19), person=None, name="San José"
    )
    found = lint(roster(rotation("ana", "ben", "cleo"), holidays=[away, everybody], duties=duties), now)
    assert [(each.kind, each.person) for each in found] == [("away", "cleo"), ("holiday", "cleo")]
    assert (found[0].starts_at, found[0].ends_at) == (at("2026-03-17T00:00"), at("2026-03-19T00:00"))
    assert kinds(good, now, {"slack"}) == {"unreachable"}
    short = roster(rotation("ana", "ben", "cleo"), rotation("dan", layer=Layer.BACKUP, starts_on=date(2026, 3, 23)))
    assert kinds(short, now) == {"no_backup", "no_lead", "no_cto"}


def kinds(plan: Roster, now: datetime, channels: set[str] | None = None) -> set[str]:
    return {each.kind for each in lint(plan, now, channels)}


def test_a_week_belongs_to_who_has_most_of_it() -> None:
    plan = roster(rotation("ana", "ben"), overrides=[override("ben", "2026-03-03T10:00", "2026-03-09T10:00")])
    found = weeks(plan, Layer.PRIMARY, at("2026-03-02T10:00"), at("2026-03-16T10:00"))
    assert [each.person for each in found] == ["ben", "ben"]
    assert "in_a_row" in kinds(plan, at("2026-03-02T11:00"))


def test_business_time_skips_nights_weekends_and_days_off() -> None:
    easter = Holiday(
        id=new_id(), first_day=date(2026, 4, 3), last_day=date(2026, 4, 3), person=None, name="Good Friday"
    )
    plan = roster(holidays=[easter])
    thursday = at("2026-04-02T17:45")
    assert advance(business(plan, thursday), 1_800) == at("2026-04-06T09:15")
    assert advance(business(plan, at("2026-04-04T12:00")), 0) == at("2026-04-06T09:00")
    assert elapsed_seconds(business(plan, thursday), at("2026-04-06T09:15")) == 1_800
    # 29 March: the clocks go forward in the night from Saturday to Sunday, and no business hour is lost.
    assert elapsed_seconds(business(plan, at("2026-03-27T09:00")), at("2026-03-30T18:00")) == 18 * 3_600


def test_quiet_time_does_not_count() -> None:
    start = at("2026-04-02T12:00")
    quiet = [Span(start + timedelta(minutes=3), start + timedelta(minutes=63))]
    assert advance(without(always(start), quiet), 300) == start + timedelta(minutes=65)
    assert advance(without(always(start + timedelta(minutes=10)), quiet), 0) == start + timedelta(minutes=63)
    overlapping = [*quiet, Span(start + timedelta(minutes=30), start + timedelta(minutes=90))]
    assert advance(without(always(start), overlapping), 300) == start + timedelta(minutes=92)
    assert elapsed_seconds(without(always(start), overlapping), start + timedelta(minutes=95)) == 8 * 60
