"""What a measured value means, when a routine is due, and what is usual. Pure; the clock is passed in."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from anclora.playbook.model import Check, Result, Routine, Run, Verdict

EARLIER = 4
_LONGEST_DAYS = 62  # back to the last slot of the rarest routine


def judge(check: Check, value: float | str) -> Verdict:
    """Whether what was measured is as expected."""
    return Verdict.OK if _holds(check, value) else Verdict.FINDING


def _holds(check: Check, value: float | str) -> bool:
    if check.comparison == "is":
        return str(value) == str(check.threshold)
    number, limit = float(value), float(check.threshold)
    if check.comparison == "below":
        return number < limit
    return number <= limit if check.comparison == "at_most" else number >= limit


def without_data(check: Check) -> Verdict:
    """What it is when the source has nothing."""
    return Verdict.FINDING if check.no_data == "finding" else Verdict.UNKNOWN


def usual(values: Sequence[float]) -> float | None:
    """The middle of earlier values; None = there are none."""
    return float(median(values)) if values else None


def is_red(routine: Routine, results: Sequence[Result], *, strict: bool = False) -> bool:
    """Whether somebody has to look: a finding, something unknown; at a gate or strictly what is not configured too."""
    red = {Verdict.FINDING, Verdict.UNKNOWN} | ({Verdict.NOT_CONFIGURED} if routine.gate or strict else set())
    return any(result.verdict in red for result in results)


def slot_of(routine: Routine, now: datetime, zone: str) -> datetime | None:
    """The last moment a routine was due by the business clock, in UTC; None = it has no time of its own.

    A wall time a change of clocks leaves out is the moment the clock would have shown it.
    """
    if not routine.at:
        return None
    place, at = ZoneInfo(zone), time.fromisoformat(routine.at)
    today = now.astimezone(place).date()
    for back in range(_LONGEST_DAYS):
        day = today - timedelta(days=back)
        if routine.weekday and day.isoweekday() != routine.weekday:
            continue
        if routine.day and day.day != routine.day:
            continue
        slot = datetime.combine(day, at, place).astimezone(now.tzinfo)
        if slot <= now:
            return slot
    return None


def earlier_of(runs: Sequence[Run], check: str) -> list[float]:
    """The numbers a check measured in earlier runs."""
    found = [result.value for run in runs for result in run.results if result.check == check]
    return [float(value) for value in found if isinstance(value, int | float)]
