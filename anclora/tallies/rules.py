"""Which rows answer a question with the least to read. Pure.

Of a period the middle is read by the largest rows that say enough, the edges by quarters of an hour.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from anclora.tallies.model import HOUR, By, Wanted

_HOUR, _DAY = 60, 1440  # minutes
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_OF_HOURS: frozenset[By] = frozenset({"all", "at", "instance"})  # what rows of hours tell apart


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The middle [head, tail) of a period, and by which rows it is read."""

    rows: Literal[15, 60, 1440]
    head: datetime
    tail: datetime


def parts_of(wanted: Wanted, by: By, *, days: bool = True) -> Parts:
    """How to read a period; `days` = whether rows of days may serve."""
    since, until = wanted.since.astimezone(UTC), wanted.until.astimezone(UTC)
    if days and wanted.zone is not None and (by != "at" or wanted.grain == _DAY):
        tail = _midnight(until, wanted.zone)
        head = _midnight(since, wanted.zone)
        head = head if head == since else _midnight(since, wanted.zone, days=1)
        if head < tail:
            return Parts(rows=1440, head=head, tail=tail)
    if by in _OF_HOURS and wanted.campaign is None and (by != "at" or wanted.grain == _HOUR):
        head, tail = since + (_EPOCH - since) % HOUR, until - (until - _EPOCH) % HOUR
        if head < tail:
            return Parts(rows=60, head=head, tail=tail)
    return Parts(rows=15, head=since, tail=until)


def _midnight(moment: datetime, zone: str, *, days: int = 0) -> datetime:
    """The beginning of the day of a moment, or of the day so many later, in UTC."""
    local = moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return datetime.combine(local, time(), ZoneInfo(zone)).astimezone(UTC)
