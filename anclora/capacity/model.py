"""The nouns of capacity. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

import msgspec

Name = Literal["workers", "redis", "postgres", "gateway", "senders"]
Known = Literal["measured", "set", "no limit", "not measured"]
Verdict = Literal["fired", "quiet", "not measured"]
Answer = Literal["yes", "no", "unknown"]


class Step(StrEnum):
    """What to do. The playbook's own headings have the first two the other way round."""

    OUT = "scale out"
    UP = "scale up"
    LIMITS = "raise sender limits"
    MEASURE = "measure"
    WAIT = "nothing to do"


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """What the last bench file measured; None = it does not say.

    Attributes:
        path: its name; None = nobody named one.
        lacks: why none of its figures is used; empty = they are.
        worker_per_second: what one dispatch process sends.
        second_share: how much of that each further process brings.
        redis_per_second, postgres_per_second: what one core of each carries.
        gateway_per_second: what the provider's host takes, from a load test of your own.
    """

    path: str | None = None
    commit: str | None = None
    measured_at: datetime | None = None
    machine: str | None = None
    lacks: str = ""
    worker_per_second: float | None = None
    second_share: float | None = None
    redis_per_second: float | None = None
    postgres_per_second: float | None = None
    gateway_per_second: float | None = None


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """A connected number. 0 = no limit.

    Attributes:
        per_second: by its pacing.
        at_once: requests it may have open.
        per_day: messages in 24 hours, its warm-up counted.
        kept_share: of its day, what only replies may use.
        sent: in the last 24 hours.
    """

    name: str
    per_second: float = 0.0
    at_once: int = 0
    per_day: int = 0
    kept_share: float = 0.0
    sent: int = 0


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What runs and sends now.

    Attributes:
        workers: dispatch processes that give signs of life.
        connections: requests one of them has open at once.
        answer_seconds: half of the provider's answers took at most so long yesterday; None = nothing was sent.
        away: numbers that are not connected, and do not count.
        waiting: messages that are queued.
    """

    workers: int
    connections: int
    answer_seconds: float | None = None
    senders: tuple[Sender, ...] = ()
    away: int = 0
    waiting: int = 0


class Ceiling(msgspec.Struct, frozen=True, kw_only=True):
    """One of the five; `per_second` null = it has no limit, or nobody measured it."""

    name: Name
    per_second: float | None
    known: Known
    why: str


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """The lowest ceiling. Those that are not measured may be lower still."""

    per_second: float | None
    binds: Name | None
    unmeasured: tuple[Name, ...]


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What 1,000 delivered messages cost in a month, as the last cost review was told (amortized)."""

    month: date
    currency: str
    per_thousand_micros: int | None
    delivered: int
    asked_at: datetime


class CapacityReport(msgspec.Struct, frozen=True, kw_only=True):
    """What can be sent now.

    Attributes:
        per_day: messages all numbers may send in 24 hours; null = at least one has no such limit.
        busiest_at, busiest_per_second: the busiest hour of the last 90 days, its mean: so much was certainly carried.
    """

    at: datetime
    effective: Effective
    ceilings: tuple[Ceiling, ...]
    bench: Bench
    workers: int
    senders: int
    senders_away: int
    waiting: int
    per_day: int | None
    busiest_at: datetime | None
    busiest_per_second: float | None
    price: Price | None


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """An hour to come: eight of ten such hours lie between `low` and `high` messages."""

    at: datetime
    low: float
    middle: float
    high: float


class DayAhead(msgspec.Struct, frozen=True, kw_only=True):
    """A business day to come. `peak_high` = upper end of the interval of its busiest hour, in messages an hour."""

    day: date
    messages: float
    peak_high: float
    four_weeks_before: int


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The busiest hour of the days to come, in messages a second: in `quantile` of all cases it is not busier."""

    days: int
    quantile: float
    per_second: float


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """When the busy case of a day comes to 70 % of a ceiling, and to all of it; null = not within a year."""

    name: Name
    of: str
    at_70_percent: date | None
    at_100_percent: date | None


class Foresight(msgspec.Struct, frozen=True, kw_only=True):
    """What is to come, from the hours that were.

    Attributes:
        lacks: why there is no forecast; empty = there is.
        growth_per_week: share by which a week differs from the one before; 0 = no trend that stands out of the noise.
        covered: of the `held_out` hours that were kept back, the share that fell into the interval; null = too little.
        next: the ceiling that is reached first; null = none within a year, as far as they are known.
    """

    at: datetime
    timezone: str
    since: datetime | None
    days: int
    lacks: str = ""
    growth_per_week: float | None = None
    covered: float | None = None
    held_out: int = 0
    peaks: Sequence[Peak] = ()
    reaches: Sequence[Reach] = ()
    next: Reach | None = None
    effective: Effective
    ahead: Sequence[DayAhead] = ()
    hours: Sequence[Hour] = ()


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """Can so many more be sent by then?

    Attributes:
        ahead: waiting now or due by then, which goes first; `expected`: what comes by then anyway, by the forecast.
        done_at: when the last one is out; null = not within 30 days, or nobody can say.
        binds: what is in the way longest; `pace` says whether numbers are held by their pace or by their day.
        unmeasured: with these a yes holds only as far as is measured; a no is firm.
    """

    answer: Answer
    messages: int
    by: datetime
    workers: int
    ahead: int
    expected: int | None
    done_at: datetime | None
    per_second: float | None
    binds: Name | None
    pace: str
    unmeasured: tuple[Name, ...]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of the playbook, and what the history says. `playbook` = the heading it stands under there."""

    id: str
    rule: str
    step: Step
    playbook: str
    verdict: Verdict
    evidence: str


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do, and why."""

    step: Step
    what: str


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """The rules, and what follows from them and from the ceiling that binds."""

    at: datetime
    days: int
    effective: Effective
    rules: tuple[Rule, ...]
    todo: tuple[Todo, ...]
