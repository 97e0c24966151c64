"""How long messages took: percentiles exact from the rows, so of a bounded span.

The span is that of the acceptance: the id of a message begins with its moment, so only those of the span are read.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from anclora.analytics.period import Period, Slice, slice_of
from anclora.kit.errors import InvalidError
from anclora.kit.ids import first_id_at
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
LatencyBy = Literal["all", "hour", "day", "week", "month", "instance", "campaign", "template", "class"]
_LONGEST = timedelta(days=31)
_SLICES: dict[str, Slice] = {"hour": "hour", "day": "day", "week": "week", "month": "month"}
_SHARES = ("p50", "p90", "p95", "p99")
_STEPS = ("to_sent", "to_delivered", "to_read")


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Of so many messages half took at most `p50` seconds, 99 of 100 at most `p99`; null without any."""

    count: int
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None


class LatencyLine(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of one part that were accepted in the period.

    Attributes:
        to_sent: from the moment it could go (accepted, due, or requeued) to the provider's answer.
        to_delivered: from there to the phone.
        to_read: from the phone to the eye.
    """

    key: str
    to_sent: Spread
    to_delivered: Spread
    to_read: Spread


class Latencies(msgspec.Struct, frozen=True, kw_only=True):
    """How long messages took, in seconds."""

    by: str
    period: Period
    lines: list[LatencyLine]


async def latencies(
    db: Database, period: Period, *, by: LatencyBy = "all", instance: str | None = None, campaign: str | None = None
) -> Latencies:
    """Percentiles of the messages that were accepted in a period.

    Raises:
        InvalidError: longer than 31 days.
    """
    if period.until.astimezone(UTC) - period.since.astimezone(UTC) > _LONGEST + timedelta(hours=1):
        raise InvalidError("Latencies are read from the messages themselves: ask for up to 31 days.", code="too_long")
    rows = await db.fetch_all(
        QUERIES["read_latencies"],
        by=by,
        timezone=period.timezone,
        low=first_id_at(period.since.astimezone(UTC)),
        high=first_id_at(period.until.astimezone(UTC)),
        instance=instance,
        campaign=campaign,
        shares=[0.5, 0.9, 0.95, 0.99],
    )
    return Latencies(by=by, period=period, lines=[_line(row, by, period.timezone) for row in rows])


def _line(row: dict[str, Any], by: LatencyBy, timezone: str) -> LatencyLine:
    at: datetime | None = row["at"]
    key = slice_of(at, _SLICES[by], timezone) if at is not None else str(row["key"])
    spreads = {step: _spread(row[f"{step}_count"], row[step]) for step in _STEPS}
    return LatencyLine(key=key, **spreads)


def _spread(count: int, values: list[float] | None) -> Spread:
    found = values or [None] * len(_SHARES)
    return Spread(count=count, **dict(zip(_SHARES, (None if v is None else round(v, 3) for v in found), strict=True)))
