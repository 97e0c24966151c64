"""The forecast as people read it: days, peaks, and when which ceiling is reached. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from anclora.capacity.forecast import (
    HELD_OUT,
    HOUR,
    LEAST_HOURS,
    SURE_HOURS,
    Model,
    Slot,
    busiest,
    covered,
    day_of,
    learn,
    slots_of,
)
from anclora.capacity.model import Ceiling, DayAhead, Effective, Foresight, Hour, Name, Peak, Reach

_DAYS_SHOWN, _HOURS_SHOWN = 28, 168
_YEAR_DAYS = 365
_PLAN_AT = 0.7
_OF: Mapping[Name, str] = {
    "workers": "what the workers send",
    "redis": "what Redis carries",
    "postgres": "what Postgres carries",
    "gateway": "what the gateway takes",
    "senders": "the pace of the numbers",
}
_PEAKS = ((30, 0.5), (30, 0.9), (90, 0.5), (90, 0.9))


def model_of(since: datetime | None, counts: Sequence[int], zone: str) -> tuple[Model, list[Slot]] | None:
    """A model of these hours and the hours themselves; None = too few, or nothing ever happened."""
    if since is None or len(counts) < LEAST_HOURS:
        return None
    slots = slots_of(since, len(counts), zone)
    return learn(slots, counts), slots


def foresight_of(  # each is a figure of its own
    since: datetime | None,
    counts: Sequence[int],
    *,
    zone: str,
    now: datetime,
    ceilings: Sequence[Ceiling],
    effective: Effective,
    per_day: int | None,
) -> Foresight:
    """Everything there is to say of the time to come."""
    bare = Foresight(at=now, timezone=zone, since=since, days=len(counts) // 24, effective=effective)
    made = model_of(since, counts, zone)
    if made is None or since is None:
        lacks = f"{bare.days} days of history are there, {LEAST_HOURS // 24} are needed"
        return msgspec.structs.replace(bare, lacks=lacks)
    model, slots = made
    start = since + len(counts) * HOUR
    ahead = slots_of(start, _YEAR_DAYS * 24, zone)
    share = covered(slots, counts)
    reaches = _reaches(model, ahead, ceilings, per_day)
    return msgspec.structs.replace(
        bare,
        growth_per_week=round(7 * model.curve.slope, 4),
        covered=None if share is None else round(share, 3),
        held_out=0 if share is None else HELD_OUT,
        peaks=[
            Peak(days=days, quantile=part, per_second=round(busiest(model, ahead[: days * 24], part) / 3600, 4))
            for days, part in _PEAKS
        ],
        reaches=reaches,
        next=min(
            (each for each in reaches if each.at_70_percent), key=lambda each: str(each.at_70_percent), default=None
        ),
        ahead=_days(model, ahead[: (_DAYS_SHOWN + 2) * 24], slots, counts),
        hours=[
            Hour(at=start + number * HOUR, low=round(low, 1), middle=round(middle, 1), high=round(high, 1))
            for number, (low, middle, high) in enumerate(model.interval(slot) for slot in ahead[:_HOURS_SHOWN])
        ],
    )


def _days(model: Model, ahead: Sequence[Slot], slots: Sequence[Slot], counts: Sequence[int]) -> list[DayAhead]:
    before: dict[int, int] = {}
    for slot, count in zip(slots, counts, strict=True):
        before[slot.day] = before.get(slot.day, 0) + count
    by_day: dict[int, list[tuple[float, float, float]]] = {}
    for slot in ahead:
        by_day.setdefault(slot.day, []).append(model.interval(slot))
    return [
        DayAhead(
            day=date.fromordinal(day),
            messages=round(sum(middle for _, middle, _ in hours)),
            peak_high=round(max(high for _, _, high in hours), 1),
            four_weeks_before=before.get(day - 28, 0),
        )
        for day, hours in by_day.items()
        if len(hours) >= SURE_HOURS  # the rest of today is no day
    ][:_DAYS_SHOWN]


def _reaches(model: Model, ahead: Sequence[Slot], ceilings: Sequence[Ceiling], per_day: int | None) -> list[Reach]:
    """By the upper end of the busiest hour of each day; what numbers may send in a day, by the day."""
    high: dict[date, float] = {}
    whole: dict[date, float] = {}
    for slot in ahead:
        _, middle, most = model.interval(slot)
        day = day_of(slot)
        high[day] = max(high.get(day, 0.0), most / 3600)
        whole[day] = whole.get(day, 0.0) + middle
    found = [_reach(each.name, _OF[each.name], each.per_second, high) for each in ceilings if each.per_second]
    if per_day:
        found.append(_reach("senders", "what the numbers may send in a day", per_day, whole))
    return found


def _reach(name: Name, of: str, limit: float, days: dict[date, float]) -> Reach:
    def first(share: float) -> date | None:
        return next((day for day, value in days.items() if value >= share * limit), None)

    return Reach(name=name, of=of, at_70_percent=first(_PLAN_AT), at_100_percent=first(1.0))


def expected_until(model: Model, start: datetime, zone: str, days: int = 31) -> list[float]:
    """Messages that come until the end of each hour from now on, added up."""
    total, found = 0.0, [0.0]
    for slot in slots_of(start, days * 24, zone):
        total += max(0.0, model.interval(slot)[1])
        found.append(total)
    return found


def share_of(sums: Sequence[float], seconds: float) -> float:
    """Of such sums what has come after so many seconds, within an hour in equal parts."""
    place = min(seconds / timedelta(hours=1).total_seconds(), len(sums) - 1)
    below = min(int(place), len(sums) - 2)
    return sums[below] + (sums[below + 1] - sums[below]) * (place - below)
