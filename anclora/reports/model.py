"""The nouns of the daily report: a day in figures. Pure; nothing here knows a language or a format."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of a span, each counted in the moment it happened.

    Attributes:
        sent, delivered, read: reached that in the span.
        failed: ended failed or dead in the span, and are so still.
        received: what people wrote to our numbers; edits, reactions and groups are not counted.
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


class Talks(msgspec.Struct, frozen=True, kw_only=True):
    """Conversations of a span.

    Attributes:
        opened: began in it.
        active: had traffic in it.
        first_response_seconds: the median; None = nothing was answered.
        handoffs: to a person, by reason.
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
    """What became of conversations: how many of each type (`lead`, `sale`, own ones), and revenue by currency."""

    counts: Mapping[str, int]
    revenue: Sequence[Money] = ()


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
    """One of our numbers on this day."""

    name: str
    messages: Counts


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that failed for one reason, and on which numbers."""

    code: str
    count: int
    numbers: Sequence[str] = ()


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """Requests to the providers that ended on this day, the refused and the doubtful ones among them."""

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
