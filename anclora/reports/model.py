"""The nouns of reports: a day, a week, a month in figures. Pure; nothing here knows a language or a format."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal

import msgspec

Every = Literal["daily", "weekly", "monthly"]
LongEvery = Literal["weekly", "monthly"]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of a span, each counted in the moment it happened.

    Attributes:
        sent, delivered, read: reached that in the span.
        failed: ended failed or dead in the span, and are so still.
        received: what people wrote to our numbers; edits, deletions, reactions and votes are not counted.
    """

    sent: int = 0
    delivered: int = 0
    read: int = 0
    failed: int = 0
    received: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing happened at all."""
        return not any((self.sent, self.delivered, self.read, self.failed, self.received))

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Talks(msgspec.Struct, frozen=True, kw_only=True):
    """Conversations of a span.

    Attributes:
        opened: began in it.
        active: went on at its end.
        first_response_seconds: the median of those answered first in it; None = none was.
        handoffs: to a person, by reason; reasons nobody gave are left out.
    """

    opened: int
    active: int
    first_response_seconds: float | None = None
    handoffs: Mapping[str, int] = {}


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An amount in minor units: 125050 of a currency with two digits is 1,250.50."""

    currency: str
    minor: int
    digits: int = 2


class Conversions(msgspec.Struct, frozen=True, kw_only=True):
    """What became of conversations.

    Attributes:
        counts: how many of each kind (`lead`, `sale`, own ones).
        revenue: net of refunds, by currency.
        total: all of it in the currency of the business, as far as there were rates; None = nobody sums up.
        unconverted: what there was no rate for, and so is not in `total`.
    """

    counts: Mapping[str, int]
    revenue: Sequence[Money] = ()
    total: Money | None = None
    unconverted: Sequence[Money] = ()


class DayCounts(msgspec.Struct, frozen=True, kw_only=True):
    """A span in figures. None = nobody counts that here, which is not the same as 0."""

    messages: Counts
    conversations: Talks | None = None
    conversions: Conversions | None = None


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of the day, by the business clock; a day has 23 to 25 of them."""

    starts_at: datetime
    sent: int = 0
    received: int = 0


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """One of our numbers in this span."""

    name: str
    messages: Counts


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that failed for one reason, and on which numbers."""

    code: str
    count: int
    numbers: Sequence[str] = ()


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """Requests to the providers that ended in this span, the refused and the doubtful ones among them."""

    count: int = 0
    refused: int = 0
    unknown: int = 0


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A business day in figures.

    Attributes:
        date: by the business clock.
        timezone: its IANA name.
        until: set when the day is not over: all is counted up to this moment, the other days up to the same time.
        today, yesterday, week_before: this day, the one before, the same weekday a week earlier.
        hours: of this day.
        numbers: those with traffic, by name.
        failures: the most frequent first, five at most.
        dead: messages that wait for a person's decision, died by the end of this day.
    """

    date: date
    timezone: str
    until: datetime | None = None
    today: DayCounts
    yesterday: DayCounts
    week_before: DayCounts
    hours: Sequence[Hour] = ()
    numbers: Sequence[Number] = ()
    failures: Sequence[Failure] = ()
    tries: Tries = Tries()
    dead: int = 0


class DayLine(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a week or a month, beside the same weekday a week earlier."""

    date: date
    messages: Counts
    week_before: Counts


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """How incidents of one severity that began in a span were answered, as it stood at its end.

    Attributes:
        severity: `critical` or `warning`.
        opened: began in the span.
        acknowledged: of those, somebody took them.
        within_target: of those, within `target_seconds`: 300 of a critical one, 1800 of business time of a warning.
        ended_alone: were over before anybody took them.
        waiting: nobody had taken them.
        p50_seconds, p95_seconds: counted time until they were taken; None = none was.
    """

    severity: str
    opened: int = 0
    acknowledged: int = 0
    within_target: int = 0
    target_seconds: float
    ended_alone: int = 0
    waiting: int = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """An action of a post-mortem that was not done by the end of its day, and was not at the end of the span."""

    incident: str
    text: str
    owner: str
    due_on: date


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A week or a month in figures; it is over.

    Attributes:
        first, last: its days, both included; a week begins on Monday.
        timezone: the IANA name of the business zone.
        now, before: this week and the one before it, or this month and the one before it.
        days: each of its days.
        numbers: those with traffic, by name.
        failures: the most frequent first, five at most.
        dead: messages that wait for a person's decision, died by its end.
        incidents: how those that began in it were answered, by severity; None = nobody counts them here.
        overdue: actions of post-mortems whose day was over at its end and that were not done, the longest first.
    """

    every: LongEvery
    first: date
    last: date
    timezone: str
    now: DayCounts
    before: DayCounts
    days: Sequence[DayLine]
    numbers: Sequence[Number] = ()
    failures: Sequence[Failure] = ()
    tries: Tries = Tries()
    dead: int = 0
    incidents: Sequence[Answers] | None = None
    overdue: Sequence[Overdue] = ()
