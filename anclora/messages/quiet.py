"""Quiet hours: when a message should not ring, by the clock of the person it is for. Pure; the clock is passed in.

A number often belongs to several zones. It is then quiet as long as it is quiet in any of them: to come an hour late is
better than to ring in somebody's night. Where no hour of the day is free in all of them (Russia, toll-free numbers of
North America), the zone in the middle decides, or nothing would ever be sent.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from anclora.kit.errors import InvalidError

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_DAY = timedelta(days=1)


class Window(msgspec.Struct, frozen=True):
    """Hours of a day by the wall clock, over midnight when they end earlier than they begin."""

    begins: time
    ends: time

    def __str__(self) -> str:
        """As `parse_window` reads it."""
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"


def parse_window(text: str) -> Window:
    """`21:00-09:00` as hours.

    Raises:
        InvalidError: it is none, or the whole day.
    """
    match = _HOURS.fullmatch(text)
    if match is None or match[1] + match[2] == match[3] + match[4]:
        raise InvalidError("Quiet hours are written 21:00-09:00, and are not the whole day.", code="invalid_hours")
    hour, minute, last_hour, last_minute = map(int, match.groups())
    return Window(time(hour, minute), time(last_hour, last_minute))


def quiet_until(window: Window, zones: Sequence[str], now: datetime) -> datetime | None:
    """When somebody in one of these zones may be written to again (UTC); None = now.

    A clock time that a clock change skips ends the quiet as much later; of one that comes twice, the second ends it.
    """
    until = now
    for _ in range(2 * len(zones) + 1):
        ends = [end for zone in zones if (end := _ends(window, zone, until)) is not None]
        if not ends:
            return until if until > now else None
        until = max(ends)
        if until - now > _DAY:
            break
    return _ends(window, _middle(zones, now), now)


def _ends(window: Window, zone: str, now: datetime) -> datetime | None:
    here = ZoneInfo(zone)
    local = now.astimezone(here)
    begun, ended = local.time() >= window.begins, local.time() >= window.ends
    over_midnight = window.ends < window.begins
    quiet = (begun or not ended) if over_midnight else (begun and not ended)
    if not quiet:
        return None
    day = local.date() + (_DAY if over_midnight and begun else timedelta())
    return max(datetime.combine(day, window.ends.replace(fold=fold), here).astimezone(UTC) for fold in (0, 1))


def _middle(zones: Sequence[str], now: datetime) -> str:
    return sorted(zones, key=lambda zone: (now.astimezone(ZoneInfo(zone)).utcoffset(), zone))[len(zones) // 2]
