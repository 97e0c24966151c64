"""The nouns of being on call. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec


class Layer(StrEnum):
    """What rotates: who is paged first, and who is paged when that one does not answer."""

    PRIMARY = "primary"
    BACKUP = "backup"


class Duty(StrEnum):
    """What does not rotate: who is paged when an incident lasts."""

    DEVOPS_LEAD = "devops_lead"
    CTO = "cto"


class Span(NamedTuple):
    """From a moment, which is part of it, to another, which is not; UTC."""

    starts_at: datetime
    ends_at: datetime


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can be on call.

    Attributes:
        name: as the team says it.
        ways: how they are reached: channel of notices to its targets, e.g. `{"email": ["ana@example.com"]}`.
    """

    name: str
    ways: Mapping[str, Sequence[str]]


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """Who follows whom, a week each, from the first hand-off until the next rotation of the layer begins.

    Attributes:
        starts_on: day of the first hand-off.
        at: time of day of every hand-off, by the clocks of `zone`.
        people: in turn.
    """

    id: UUID
    layer: Layer
    starts_on: date
    at: time
    zone: str
    people: Sequence[str]


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else, for a while; the one made last wins. Two of one `swap_id` are two weeks exchanged."""

    id: UUID
    layer: Layer
    person: str
    starts_at: datetime
    ends_at: datetime
    why: str
    swap_id: UUID | None
    created_at: datetime


class Holiday(msgspec.Struct, frozen=True, kw_only=True):
    """Days off, both ends included: of one person, or of everybody (`person` = None)."""

    id: UUID
    first_day: date
    last_day: date
    person: str | None
    name: str


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    """A shift passing from one to the next.

    Attributes:
        at: when it was due.
        notes: what the one before adds.
        document: as it was posted; None = not yet.
        accepted_at: when the next one took it; until then the one before stays responsible.
        warned_at: when it was said that nobody took it; `settled_at` = when that was over.
    """

    id: UUID
    at: datetime
    from_person: str
    to_person: str
    notes: str
    document: str | None
    posted_at: datetime | None
    accepted_at: datetime | None
    accepted_by: str | None
    warned_at: datetime | None
    settled_at: datetime | None


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Business hours: Monday to Friday, but for the days off of everybody.

    Attributes:
        opens, closes: by the clocks of `zone`.
    """

    opens: time
    closes: time
    zone: str


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides who is responsible. Rows only: no clock in it."""

    people: Mapping[str, Person]
    rotations: Sequence[Rotation]
    overrides: Sequence[Override]
    holidays: Sequence[Holiday]
    handoffs: Sequence[Handoff]
    duties: Mapping[Duty, str]
    hours: Hours


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """Who is responsible at a moment; None = nobody.

    Attributes:
        primary: paged first. The one before, while `waiting` is a hand-off nobody has accepted.
    """

    primary: str | None
    backup: str | None
    devops_lead: str | None
    cto: str | None
    waiting: Handoff | None


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time that belongs to one person; None = to nobody."""

    starts_at: datetime
    ends_at: datetime
    person: str | None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a roster.

    Attributes:
        kind: `gap`, `no_backup`, `double`, `in_a_row`, `away`, `holiday`, `unreachable`, `no_lead` or `no_cto`.
        person: whom it is about, None = nobody.
        text: for people.
    """

    kind: str
    starts_at: datetime
    ends_at: datetime
    person: str | None
    text: str
