"""The nouns of incidents: a signal says that something is wrong, an incident is what people do about it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from anclora.kit.severity import Pressing, pressing

_NONE: Mapping[str, str] = MappingProxyType({})


class State(StrEnum):
    """Where an incident stands.

    open ─► acknowledged ─► resolved;  open ─► resolved;  acknowledged ─► open when a warning becomes critical;
    resolved ─► acknowledged when the same comes back at once and somebody had it.
    """

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class PostMortemState(StrEnum):
    """Where a post-mortem stands.

    draft = the incident goes on, or nothing is to be done yet; open = something is; closed = all of it was done.
    """

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Level(StrEnum):
    """Who is paged, in this order."""

    ONCALL = "oncall"
    BACKUP = "backup"
    DEVOPS_LEAD = "devops_lead"
    CTO = "cto"


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """Something is wrong, or is no longer: what whoever watches says.

    Attributes:
        fingerprint: names what is wrong, the same for the same thing however often it is said; 1 to 200 characters.
        name: of the alert, for example `AncloraLaneNotDraining`: the runbook page is called so.
        severity: a later, higher one wins while the incident is open.
        labels: what it is about; short words, no phone numbers and no message text.
        summary: one line for people.
        starts_at: when it began, by whoever noticed: detection is measured from here.
        ends_at: None = it is so now; a moment = it is over since then.
        source: who says so: `alertmanager`, `evaluator`, `oncall`, …
        runbook_url: where it is said what to do; None = the page of that name on our own server, empty = nowhere.
        dashboard: uid of the dashboard that shows it; None = `queue-dashboard`.
    """

    fingerprint: str
    name: str
    severity: Pressing
    labels: Mapping[str, str] = _NONE
    summary: str
    starts_at: datetime
    ends_at: datetime | None = None
    source: str
    runbook_url: str | None = None
    dashboard: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no incident."""
        pressing(self.severity)


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a signal. Times are UTC. See the table `incidents`.

    Attributes:
        starts_at: when it began, by whoever noticed.
        opened_at: when we heard of it.
        clock_at: both clocks of escalation run from here: opened, became critical, or came back.
        spell: numbers the runs of escalation; a warning that becomes critical begins another.
        acknowledged_at: when somebody took it; `acknowledged_by` = who.
        ack_seconds: how long that took, by the time that counts: without silences, and of a warning in business hours.
        cleared_at: when the signal said that it was over; None = it never did, or it came back.
        resolved_by: a person, or `signal`.
        planned_for: the day a warning is to be mended, and by whom (`planned_owner`).
        signals: how often it was said.
    """

    id: UUID
    fingerprint: str
    name: str
    severity: Pressing
    summary: str
    labels: Mapping[str, str]
    source: str
    runbook_url: str | None
    dashboard: str | None
    state: State
    starts_at: datetime
    opened_at: datetime
    clock_at: datetime
    spell: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    ack_seconds: float | None
    cleared_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    planned_for: date | None
    planned_owner: str | None
    reminders: int
    signals: int
    last_signal_at: datetime


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was called, once per incident and level.

    Attributes:
        person: None = nobody has this level, and the channels were told.
        why: `opened`, `unacknowledged`, `unresolved` or `asked` (somebody escalated by hand).
    """

    level: Level
    person: str | None
    at: datetime
    why: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's timeline.

    Attributes:
        kind: `opened`, `critical`, `paged`, `acknowledged`, `escalated`, `planned`, `reminded`, `silenced`, `note`,
            `cleared`, `returned`, `resolved`, `action`, `action_done`.
        actor: a person, `key:<id>`, or a part of the program.
        text: for people.
    """

    at: datetime
    kind: str
    actor: str
    text: str


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which what it matches pages nobody: a silence, or a maintenance window.

    Attributes:
        matches: label names and values, all of which must fit; `name` and `fingerprint` are the alert's own. Empty =
            everything, which only a maintenance window may say.
        author: who is answerable for it; `reason` = why.
        canceled_at: when somebody ended it early.
    """

    id: UUID
    kind: str
    matches: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    author: str
    reason: str
    created_at: datetime
    canceled_at: datetime | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something somebody changed: a deploy, a setting, a pause. A row of the view `changes` of the audit trail."""

    id: UUID
    at: datetime
    kind: str
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


class ActionItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do about what was learnt from an incident.

    Attributes:
        name: of the incident's alert.
        owner: who does it.
        due_on: the business day until whose end it is to be done.
        done_at: None = it is not; `done_by` = who said that it is.
    """

    id: UUID
    incident_id: UUID
    name: str
    text: str
    owner: str
    due_on: date
    created_at: datetime
    created_by: str
    done_at: datetime | None
    done_by: str | None


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with all that is known of it."""

    incident: Incident
    timeline: Sequence[Line]
    pages: Sequence[Page]
    actions: Sequence[ActionItem] = ()
