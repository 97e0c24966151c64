"""Hours to come from hours that were: hour of the week, trend, and an interval from its own mistakes. Pure.

The level of each of the 168 hours of a week is the middle half of what it was; the trend is the median of all slopes
between equal weekdays (Sen's, as Hirsch, Slack and Smith use it for seasons), and 0 unless it stands out of the noise
by their test. Neither notices one wild day. The interval is what such forecasts were off by: each of the last weeks is
forecast from the weeks before it only. Explained in docs/howto/plan-capacity.md.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
WEEK = 168
LEAST_HOURS = 35 * 24  # four weeks to learn from, one to be wrong in
HELD_OUT = 14 * 24
_LEAST_FIT = 28 * 24
_MOST_WEEKS = 8
_BINS = 5
_STANDS_OUT = 1.64  # nine of ten trends that are noise are called noise
SURE_HOURS = 20  # of a day, to count as a whole one
LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour on the wall clock of the business: its day (ordinal) and its place in the week from Monday 0:00."""

    day: int
    hour_of_week: int


@dataclass(frozen=True, slots=True)
class Miss:
    """What an hour was forecast as, and what it was off by, in parts of that (and one)."""

    slot: Slot
    expected: float
    off: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Level of each hour of the week on `day`, and the growth from day to day."""

    levels: tuple[float, ...]
    slope: float
    day: int

    def at(self, slot: Slot) -> float:
        """Messages of an hour. Ahead it grows by as many each day, not by compound: a year is long."""
        days = slot.day - self.day
        grown = math.exp(self.slope * days) if days <= 0 else max(0.0, 1 + self.slope * days)
        return self.levels[slot.hour_of_week] * grown


@dataclass(frozen=True, slots=True)
class Model:
    """A curve, and by how much such curves were off: by how busy the hour was to be."""

    curve: Curve
    misses: tuple[Miss, ...]
    edges: tuple[float, ...]
    offs: tuple[tuple[float, float, float], ...]

    def interval(self, slot: Slot) -> tuple[float, float, float]:
        """Low, middle and high end of an hour."""
        expected = self.curve.at(slot)
        low, middle, high = self.offs[bisect_right(self.edges, expected)]
        spread = expected + 1
        return max(0.0, expected + low * spread), max(0.0, expected + middle * spread), expected + high * spread


def slots_of(start: datetime, count: int, zone: str) -> list[Slot]:
    """So many hours from a moment on."""
    here = ZoneInfo(zone)
    found: list[Slot] = []
    for number in range(count):
        local = (start + number * HOUR).astimezone(here)
        found.append(Slot(local.toordinal(), local.weekday() * 24 + local.hour))
    return found


def learn(slots: Sequence[Slot], counts: Sequence[int]) -> Model:
    """A model of hours that follow one another.

    Args:
        slots: at least `LEAST_HOURS`.
        counts: the messages of each.
    """
    weeks = min(_MOST_WEEKS, (len(slots) - _LEAST_FIT) // WEEK)
    misses: list[Miss] = []
    for back in range(weeks, 0, -1):
        end = len(slots) - back * WEEK
        curve = fit(slots[:end], counts[:end])
        for slot, count in zip(slots[end : end + WEEK], counts[end : end + WEEK], strict=True):
            expected = curve.at(slot)
            misses.append(Miss(slot, expected, (count - expected) / (expected + 1)))
    ranked = sorted(misses, key=lambda miss: miss.expected)
    cuts = [len(ranked) * part // _BINS for part in range(_BINS + 1)]
    bins = [sorted(miss.off for miss in ranked[low:high]) for low, high in pairwise(cuts)]
    return Model(
        curve=fit(slots, counts),
        misses=tuple(misses),
        edges=tuple(ranked[cut].expected for cut in cuts[1:-1]),
        offs=tuple((quantile(each, LOW), quantile(each, 0.5), quantile(each, HIGH)) for each in bins),
    )


def covered(slots: Sequence[Slot], counts: Sequence[int]) -> float | None:
    """The back-test: the share of the last two weeks that fell into the interval learned before; None = too little."""
    end = len(slots) - HELD_OUT
    if end < LEAST_HOURS:
        return None
    model = learn(slots[:end], counts[:end])
    inside = 0
    for slot, count in zip(slots[end:], counts[end:], strict=True):
        low, _, high = model.interval(slot)
        inside += low <= count <= high
    return inside / HELD_OUT


def fit(slots: Sequence[Slot], counts: Sequence[int]) -> Curve:
    """The curve of these hours."""
    totals: dict[int, int] = defaultdict(int)
    seen: dict[int, int] = defaultdict(int)
    for slot, count in zip(slots, counts, strict=True):
        totals[slot.day] += count
        seen[slot.day] += 1
    slope, last = _slope({day: total for day, total in totals.items() if seen[day] >= SURE_HOURS}), slots[-1].day
    hours: list[list[float]] = [[] for _ in range(WEEK)]
    grown = {day: math.exp(slope * (day - last)) for day in totals}
    for slot, count in zip(slots, counts, strict=True):
        hours[slot.hour_of_week].append(count / grown[slot.day])
    return Curve(tuple(_middle_half(each) for each in hours), slope, last)


def busiest(model: Model, slots: Sequence[Slot], share: float) -> float:
    """The busiest hour of days to come that is not exceeded in such a share of all cases, in messages an hour.

    Each day may go as any equal weekday of the last weeks went: so a wild day counts as often as there was one.
    """
    by_day: dict[int, dict[int, float]] = defaultdict(dict)
    for miss in model.misses:
        by_day[miss.slot.day][miss.slot.hour_of_week] = miss.off
    cases: dict[int, list[float]] = {}
    ahead: dict[int, list[Slot]] = defaultdict(list)
    for slot in slots:
        ahead[slot.day].append(slot)
    for day, hours in ahead.items():
        like = [offs for other, offs in by_day.items() if (other - day) % 7 == 0] or list(by_day.values())
        expected = [(slot.hour_of_week, model.curve.at(slot)) for slot in hours]
        cases[day] = sorted(max(value + offs.get(hour, 0.0) * (value + 1) for hour, value in expected) for offs in like)
    for value in sorted({value for each in cases.values() for value in each}):
        chance = math.prod(bisect_right(each, value) / len(each) for each in cases.values())
        if chance >= share:
            return max(0.0, value)
    return 0.0


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of sorted values, between the two nearest."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def day_of(slot: Slot) -> date:
    """The business day of an hour."""
    return date.fromordinal(slot.day)


def _slope(totals: dict[int, int]) -> float:
    """Growth a day, as a logarithm: between equal weekdays only, so the week does not look like a trend."""
    weekdays: list[list[tuple[int, float]]] = [[] for _ in range(7)]
    for day, total in sorted(totals.items()):
        weekdays[day % 7].append((day, math.log1p(total)))
    slopes: list[float] = []
    signs, variance = 0, 0.0
    for each in weekdays:
        if not any(level for _, level in each):
            continue
        size = len(each)
        variance += size * (size - 1) * (2 * size + 5) / 18
        for place, (day, level) in enumerate(each):
            for later, higher in each[place + 1 :]:
                slopes.append((higher - level) / (later - day))
                signs += (higher > level) - (higher < level)
    if not slopes or abs(signs) <= _STANDS_OUT * math.sqrt(variance):
        return 0.0
    return median(slopes)


def _middle_half(values: list[float]) -> float:
    """The mean without the lowest and the highest quarter: no single day moves it."""
    if not values:
        return 0.0
    cut = len(values) // 4
    kept = sorted(values)[cut : len(values) - cut]
    return sum(kept) / len(kept)
