"""So many more by then? Work that flows through the lowest ceiling, minute by minute. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta

from anclora.capacity.ceilings import DAY_SECONDS, ceilings_of, effective_of, pace_of
from anclora.capacity.model import Bench, Load, Sender, WhatIf

_STEP_SECONDS = 300.0
_LONGEST_SECONDS = 30 * DAY_SECONDS
_MINUTE_SECONDS = 60.0
Expected = Callable[[float], float]


def plan(
    bench: Bench, load: Load, *, messages: int, by: datetime, now: datetime, due: int, expected: Expected | None
) -> WhatIf:
    """Whether, when, and what is in the way.

    Args:
        bench: what was measured.
        load: what runs and sends.
        messages: how many more, to people any of the numbers may write to.
        by: when they should be out.
        now: the present moment.
        due: what waits now or is scheduled until then: it goes first.
        expected: seconds from now -> messages that come until then anyway; None = nobody knows.
    """
    ceilings = ceilings_of(bench, load)
    house = effective_of([each for each in ceilings if each.name != "senders"])
    whole = effective_of(ceilings)
    limited = load.senders == () or all(
        each.per_day or pace_of(each, load.answer_seconds) is not None for each in load.senders
    )
    seconds: float | None = None
    if house.per_second is not None or limited:
        seconds = _seconds(load, house.per_second, messages + due, expected, limited=limited)
    window = max(0.0, (by - now).total_seconds())
    numbers = supply(load, seconds or _LONGEST_SECONDS) if limited else float("inf")
    by_numbers = house.per_second is None or numbers < house.per_second * (seconds or _LONGEST_SECONDS)
    known = house.per_second is not None or limited
    in_time = seconds is not None and seconds <= window
    return WhatIf(
        answer=("yes" if in_time else "no") if known else "unknown",
        messages=messages,
        by=by,
        workers=load.workers,
        ahead=due,
        expected=None if expected is None else round(expected(window)),
        done_at=None if seconds is None else now + timedelta(seconds=seconds),
        per_second=whole.per_second,
        binds=None if not known else "senders" if limited and by_numbers else house.binds,
        pace=_pace(load, seconds) if known and limited and by_numbers else "",
        unmeasured=whole.unmeasured,
    )


def supply(load: Load, seconds: float) -> float:
    """Messages the numbers may send in so many seconds: each by its pace and by its day, of 24 hours from now."""
    return sum(min(_paced(each, load, seconds), _daily(each, seconds)) for each in load.senders)


def _seconds(
    load: Load, per_second: float | None, work: int, expected: Expected | None, *, limited: bool
) -> float | None:
    """Until the work is out; None = not in 30 days."""
    at = 0.0
    while at < _LONGEST_SECONDS:
        # Whole minutes for the first hours, where an answer is read closely; then five.
        at += _MINUTE_SECONDS if at < DAY_SECONDS else _STEP_SECONDS
        able = float("inf") if per_second is None else per_second * at
        able = min(able, supply(load, at)) if limited else able
        if able >= work + (expected(at) if expected else 0.0):
            return at
    return None


def _paced(sender: Sender, load: Load, seconds: float) -> float:
    pace = pace_of(sender, load.answer_seconds)
    return float("inf") if pace is None else pace * seconds


def _daily(sender: Sender, seconds: float) -> float:
    if not sender.per_day:
        return float("inf")
    day = sender.per_day * (1 - sender.kept_share)
    return max(0.0, day - sender.sent) + day * (seconds // DAY_SECONDS)


def _pace(load: Load, seconds: float | None) -> str:
    if not load.senders:
        return "no number is connected"
    span = seconds or _LONGEST_SECONDS
    daily = sum(_daily(each, span) < _paced(each, load, span) for each in load.senders)
    return f"{daily} of {len(load.senders)} numbers by their limit of a day" if daily else "by their pace"
