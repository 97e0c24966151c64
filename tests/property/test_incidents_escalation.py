"""Virtual time: whatever rounds of the engine are lost, no step comes early, none is missed, none comes twice.

Time goes in units of half a minute. What should happen is told by counting units one by one, which is slow and plain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from anclora.incidents.model import Incident, Level, Page, Quiet, State
from anclora.incidents.rules import due_steps, next_step
from anclora.kit.ids import new_id
from anclora.kit.severity import PRESSING, Severity
from anclora.oncall.model import Duty, Holiday, Hours, Layer, Person, Roster, Rotation

UNIT = timedelta(seconds=30)
MADRID = ZoneInfo("Europe/Madrid")
HOURS = Hours(opens=time(9), closes=time(18), zone="Europe/Madrid")
FIRST = datetime(2026, 3, 26, 7, 30, tzinfo=UTC)  # a Thursday; the clocks go forward on Sunday
DAY_OFF = date(2026, 3, 27)
LENGTH = {Severity.CRITICAL: 300, Severity.WARNING: 8_640}  # units: two hours and a half, three days
LEVELS = list(Level)


@dataclass(frozen=True)
class Case:
    """An incident from its opening on: who is there, what people do, when it is quiet, and which rounds happen."""

    severity: Severity
    opened: int  # units after FIRST
    team: tuple[str | None, ...]
    acked: int | None
    resolved: int | None
    quiet: tuple[tuple[int, int], ...]
    ticks: tuple[int, ...]

    @property
    def start(self) -> datetime:
        return FIRST + self.opened * UNIT

    def at(self, unit: int) -> datetime:
        return self.start + unit * UNIT

    @cached_property
    def counts(self) -> list[bool]:
        """Whether each unit counts."""
        return [self._counts(unit) for unit in range(LENGTH[self.severity] + 1)]

    @cached_property
    def passed(self) -> list[int]:
        """Units that counted before each."""
        found = [0]
        for each in self.counts:
            found.append(found[-1] + each)
        return found

    def _counts(self, unit: int) -> bool:
        if any(start <= unit < start + length for start, length in self.quiet):
            return False
        local = self.at(unit).astimezone(MADRID)
        business = local.weekday() < 5 and 9 <= local.hour < 18 and local.date() != DAY_OFF
        return self.severity is Severity.CRITICAL or business


@st.composite
def cases(draw: st.DrawFn) -> Case:
    severity = draw(st.sampled_from(PRESSING))
    length = LENGTH[severity]
    units = st.integers(0, length)
    return Case(
        severity=severity,
        opened=draw(st.integers(0, 5 * 2_880)),
        team=draw(st.tuples(*[st.sampled_from(["ana", "ben", "cleo", "dan", None])] * 4)),
        acked=draw(st.none() | units),
        resolved=draw(st.none() | units),
        quiet=tuple(draw(st.lists(st.tuples(units, st.integers(1, length // 2)), max_size=2))),
        ticks=tuple(sorted(draw(st.sets(units, max_size=25)))),
    )


def roster_of(case: Case) -> Roster:
    primary, backup, lead, cto = case.team
    turns = [(Layer.PRIMARY, primary), (Layer.BACKUP, backup)]
    monday = date(2026, 3, 2)
    rotations = [
        Rotation(id=new_id(), layer=layer, starts_on=monday, at=time(10), zone=HOURS.zone, people=[name])
        for layer, name in turns
        if name
    ]
    duties = {duty: name for duty, name in ((Duty.DEVOPS_LEAD, lead), (Duty.CTO, cto)) if name}
    people = {name: Person(name=name, ways={}) for name in case.team if name}
    off = Holiday(id=new_id(), first_day=DAY_OFF, last_day=DAY_OFF, person=None, name="day off")
    return Roster(
        people=people, rotations=rotations, overrides=[], holidays=[off], handoffs=[], duties=duties, hours=HOURS
    )


def incident_of(case: Case, unit: int) -> Incident:
    state = State.OPEN
    if case.acked is not None and case.acked <= unit:
        state = State.ACKNOWLEDGED
    if case.resolved is not None and case.resolved <= unit:
        state = State.RESOLVED
    return Incident(
        id=new_id(),
        fingerprint="f",
        name="AncloraLaneNotDraining",
        severity=case.severity,
        summary="the queue stands still",
        labels={},
        source="test",
        runbook_url=None,
        dashboard=None,
        state=state,
        starts_at=case.start,
        opened_at=case.start,
        clock_at=case.start,
        spell=0,
        acknowledged_at=None,
        acknowledged_by=None,
        ack_seconds=None,
        cleared_at=None,
        resolved_at=None,
        resolved_by=None,
        planned_for=None,
        planned_owner=None,
        reminders=0,
        signals=1,
        last_signal_at=case.start,
    )


def quiet_of(case: Case) -> list[Quiet]:
    return [
        Quiet(
            id=new_id(),
            kind="silence",
            matches={"name": "AncloraLaneNotDraining"},
            starts_at=case.at(start),
            ends_at=case.at(start + length),
            author="test",
            reason="test",
            created_at=case.start,
            canceled_at=None,
        )
        for start, length in case.quiet
    ]


def run(case: Case, ticks: Sequence[int]) -> list[tuple[int, Page]]:
    """What the engine does in these rounds."""
    roster, quiet = roster_of(case), quiet_of(case)
    found: list[tuple[int, Page]] = []
    for unit in ticks:
        incident, now = incident_of(case, unit), case.at(unit)
        for step in due_steps(incident, [page for _unit, page in found], quiet, roster, now):
            assert step.due_at <= now
            found.append((unit, Page(level=step.level, person=step.person, at=now, why=step.why)))
        assert due_steps(incident, [page for _unit, page in found], quiet, roster, now) == [], "a round again does more"
    return found


def foretold(case: Case, ticks: Sequence[int]) -> list[tuple[int, Level, str | None]]:
    """The same, from the sentences of the playbook and the units alone."""
    minutes = {"ack": 5, "lead": 30, "cto": 60} if case.severity is Severity.CRITICAL else {"ack": 30}
    found: list[tuple[int, Level, str | None]] = []
    for unit in ticks:
        if (case.resolved is not None and case.resolved <= unit) or not case.counts[unit]:
            continue
        passed = case.passed[unit] / 2
        if case.acked is None or unit < case.acked:
            if not found and not page(case, found, unit, LEVELS):
                found.append((unit, Level.ONCALL, None))
            if passed >= minutes["ack"] and len(found) == 1:
                page(case, found, unit, LEVELS[1:], strangers=True)
        for name, level in (("lead", Level.DEVOPS_LEAD), ("cto", Level.CTO)):
            if passed >= minutes.get(name, 10_000) and level not in {one for _unit, one, _who in found}:
                page(case, found, unit, LEVELS[LEVELS.index(level) :])
    return found


def page(
    case: Case,
    found: list[tuple[int, Level, str | None]],
    unit: int,
    levels: Sequence[Level],
    *,
    strangers: bool = False,
) -> bool:
    """Call the first of these levels that somebody has and nobody called; `strangers` = only who was not called yet."""
    called = {who for _unit, _level, who in found}
    for level, person in zip(LEVELS, case.team, strict=True):
        fresh = level in levels and level not in {one for _unit, one, _who in found}
        if fresh and person and not (strangers and person in called):
            found.append((unit, level, person))
            return True
    return False


@settings(max_examples=80, deadline=None)
@given(cases())
def test_whatever_rounds_are_lost_what_is_due_is_done_once_and_never_early(case: Case) -> None:
    done = run(case, case.ticks)
    assert [(unit, page.level, page.person) for unit, page in done] == foretold(case, case.ticks)
    assert len({page.level for _unit, page in done}) == len(done)


@settings(max_examples=12, deadline=None)
@given(cases().filter(lambda case: case.severity is Severity.CRITICAL))
def test_with_every_round_each_step_comes_at_its_very_moment(case: Case) -> None:
    done = run(case, range(LENGTH[case.severity] + 1))
    wanted = {"opened": 0, "unacknowledged": 10}
    for unit, page in done:
        due = wanted.get(page.why) if page.why in wanted else {Level.DEVOPS_LEAD: 60, Level.CTO: None}[page.level]
        due = {60, 120} if due is None else {due}
        assert case.passed[unit] in due, f"{page} after {case.passed[unit]} units"


@settings(max_examples=25, deadline=None)
@given(cases())
def test_escalating_by_hand_climbs_one_level_at_a_time_and_ends(case: Case) -> None:
    roster, pages = roster_of(case), list[Page]()
    while step := next_step(pages, roster, case.start):
        pages.append(Page(level=step.level, person=step.person, at=case.start, why=step.why))
    assert [page.person for page in pages] == [name for name in case.team if name]
    # Who was called by hand is not called by a clock again.
    again = due_steps(incident_of(case, 0), pages, [], roster, case.at(LENGTH[case.severity]))
    assert again == [] or not any(case.team)
