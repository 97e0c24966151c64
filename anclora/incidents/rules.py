"""Who is paged when: two clocks, and time that counts. Pure; incident, roster and the moment are passed in.

The acknowledgement clock: unacknowledged after 5 minutes, the backup is paged, or the DevOps lead where there is none.
The resolution clock: unresolved after 30 minutes the DevOps lead is paged, after 60 the CTO. Both begin when an
incident opens, and stand still while a silence covers it. Warnings know the first clock only: 30 minutes of business
time.
Playbook, ON-CALL PROCEDURES, Escalation; two clocks, because whoever sleeps resolves nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from anclora.incidents.model import Incident, Level, Page, Quiet, State
from anclora.kit.clock import business_date
from anclora.kit.severity import Severity
from anclora.oncall import Roster, who
from anclora.oncall.hours import advance, always, business, elapsed_seconds, is_counted, without
from anclora.oncall.model import Span

ACK_SECONDS: Mapping[Severity, float] = {Severity.CRITICAL: 300.0, Severity.WARNING: 1_800.0}
LEAD_SECONDS = 1_800.0
CTO_SECONDS = 3_600.0
REMIND_SECONDS = 4 * 3_600.0  # of business time, between two reminders that nothing is planned

OPENED, UNACKNOWLEDGED, UNRESOLVED, ASKED = "opened", "unacknowledged", "unresolved", "asked"
_LEVELS = tuple(Level)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to page.

    Attributes:
        level: which is then done for this spell.
        person: None = nobody is there to be paged at any level; the channels are told.
        due_at: when it was due; never later than the moment asked about.
        why: `opened`, `unacknowledged`, `unresolved` or `asked`.
    """

    level: Level
    person: str | None
    due_at: datetime
    why: str


def counted(incident: Incident, quiet: Sequence[Quiet], roster: Roster) -> Iterator[Span]:
    """The time that counts for an incident, from where its clocks began."""
    since = incident.clock_at
    spans = always(since) if incident.severity is Severity.CRITICAL else business(roster, since)
    return without(spans, quiet_spans(incident, quiet))


def quiet_spans(incident: Incident, quiet: Sequence[Quiet]) -> list[Span]:
    """When what covers an incident does so; what was ended early ends there."""
    mine = [each for each in quiet if covers(each, incident)]
    spans = [Span(each.starts_at, min(each.ends_at, each.canceled_at or each.ends_at)) for each in mine]
    return [each for each in spans if each.starts_at < each.ends_at]


def covers(quiet: Quiet, incident: Incident) -> bool:
    """Whether a silence is about an incident: everything it names fits."""
    known = {**incident.labels, "name": incident.name, "fingerprint": incident.fingerprint}
    known["severity"] = incident.severity.value
    return all(known.get(name) == value for name, value in quiet.matches.items())


def due_steps(
    incident: Incident, pages: Sequence[Page], quiet: Sequence[Quiet], roster: Roster, now: datetime
) -> list[Step]:
    """Who is to be paged now, in order. The same question again, with those pages written down, gives nothing.

    Args:
        incident: as it is.
        pages: of its present spell.
        quiet: silences and maintenance windows, also those that are over.
        roster: says who is responsible now.
        now: the moment asked about.
    """
    if incident.state is State.RESOLVED or not is_counted(counted(incident, quiet, roster), now):
        return []
    ladder = _Ladder(roster, pages, now)
    steps: list[Step] = []
    for why, seconds, lowest in clocks(incident.state, incident.severity):
        due_at = advance(counted(incident, quiet, roster), seconds)
        if due_at is not None and due_at <= now and (step := ladder.step(why, lowest, due_at)):
            steps.append(step)
    return steps


def next_step(pages: Sequence[Page], roster: Roster, now: datetime) -> Step | None:
    """Who is paged when somebody escalates by hand; None = everybody was."""
    ladder = _Ladder(roster, pages, now)
    for level in _LEVELS:
        if level not in ladder.done and ladder.people[level] is not None:
            return Step(level=level, person=ladder.people[level], due_at=now, why=ASKED)
    return None


def ack_seconds(incident: Incident, quiet: Sequence[Quiet], roster: Roster, at: datetime) -> float:
    """How much counted time passed until a moment: what is held against `ACK_SECONDS`."""
    return elapsed_seconds(counted(incident, quiet, roster), at)


def due_reminders(incident: Incident, quiet: Sequence[Quiet], roster: Roster, now: datetime) -> int:
    """How many reminders a warning that nobody planned has earned by now; 0 = none, or it is no time for one."""
    if incident.severity is not Severity.WARNING or incident.state is State.RESOLVED:
        return 0
    day = business_date(now, roster.hours.zone)
    if incident.planned_owner and incident.planned_for and day <= incident.planned_for:
        return 0
    if not is_counted(counted(incident, quiet, roster), now):
        return 0
    return int(elapsed_seconds(counted(incident, quiet, roster), now) // REMIND_SECONDS)


class _Ladder:
    """What is left to be paged in a spell, and by whom; it remembers the steps it gave."""

    def __init__(self, roster: Roster, pages: Sequence[Page], now: datetime) -> None:
        team = who(roster, now)
        self.people: dict[Level, str | None] = {
            Level.ONCALL: team.primary,
            Level.BACKUP: team.backup,
            Level.DEVOPS_LEAD: team.devops_lead,
            Level.CTO: team.cto,
        }
        self.done = {each.level for each in pages}
        self._called = {each.person for each in pages}

    def step(self, why: str, lowest: Level, due_at: datetime) -> Step | None:
        """Page the lowest level from there on that somebody has; None = it was done, or there is nobody."""
        if why == OPENED and self.done:
            return None
        if why == UNACKNOWLEDGED and len(self.done) > 1:  # somebody else was called already, by the clock or by hand
            return None
        if why == UNRESOLVED and lowest in self.done:
            return None
        above = _LEVELS[_LEVELS.index(lowest) :]
        for level in above:
            person = self.people[level]
            if level in self.done or person is None or (why == UNACKNOWLEDGED and person in self._called):
                continue
            return self._take(level, person, due_at, why)
        # Nobody is there to be called. That it opened is told all the same.
        return self._take(lowest, None, due_at, why) if why == OPENED else None

    def _take(self, level: Level, person: str | None, due_at: datetime, why: str) -> Step:
        self.done.add(level)
        self._called.add(person)
        return Step(level=level, person=person, due_at=due_at, why=why)


def clocks(state: State, severity: Severity) -> Iterator[tuple[str, float, Level]]:
    """Why, after how much counted time, and whom first; what an acknowledgement stops is left out."""
    if state is State.OPEN:
        yield OPENED, 0.0, Level.ONCALL
        yield UNACKNOWLEDGED, ACK_SECONDS[severity], Level.BACKUP
    if severity is Severity.CRITICAL:
        yield UNRESOLVED, LEAD_SECONDS, Level.DEVOPS_LEAD
        yield UNRESOLVED, CTO_SECONDS, Level.CTO
