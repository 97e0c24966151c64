"""How long messages took: percentiles from the rows, of all messages of a span or, of very many, of an even sample.

The span is that of the acceptance: the id of a message begins with its moment, so only those of the span are read. A
sample is the beginning of each of a thousand equal stretches of it.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from anclora.analytics.period import Period, Slice, slice_of, wanted
from anclora.kit.ids import first_id_at
from anclora.storage.database import Database
from anclora.storage.queries import load_queries
from anclora.tallies import total

QUERIES = load_queries(__package__ or __name__)
LatencyBy = Literal["all", "hour", "day", "week", "month", "instance", "campaign", "template", "class"]
_MOST_READ = 40_000  # messages; three sorts of so many take about a tenth of a second
# Of more, so many; told by hour the most parts are sorted apart, and half the rows keep that as quick as the others.
_SAMPLED: dict[str, int] = {"hour": 20_000}
_STRETCHES = 1_000
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
    """How long messages took, in seconds.

    Attributes:
        share: of the time of the period whose messages were looked at; 1 = every message, so the percentiles are exact.
    """

    by: str
    period: Period
    share: float
    lines: list[LatencyLine]


async def latencies(
    db: Database, period: Period, *, by: LatencyBy = "all", instance: str | None = None, campaign: str | None = None
) -> Latencies:
    """Percentiles of the messages that were accepted in a period."""
    count = (await total(db, wanted(period))).accepted
    share = share_of(count, by)
    sample = stretches(period.since.astimezone(UTC), period.until.astimezone(UTC), share)
    rows = await db.fetch_all(
        QUERIES["read_latencies"],
        by=by,
        timezone=period.timezone,
        lows=[first_id_at(since) for since, _ in sample],
        highs=[first_id_at(until) for _, until in sample],
        instance=instance,
        campaign=campaign,
        shares=[0.5, 0.9, 0.95, 0.99],
    )
    return Latencies(by=by, period=period, share=share, lines=[_line(row, by, period.timezone) for row in rows])


def share_of(count: int, by: LatencyBy) -> float:
    """The share of the time of a period with so many messages that is looked at. Pure."""
    return 1.0 if count <= _MOST_READ else round(_SAMPLED.get(by, _MOST_READ) / count, 6)


def stretches(since: datetime, until: datetime, share: float) -> list[tuple[datetime, datetime]]:
    """Stretches that have so large a share of [since, until), evenly spread; all of it when the share is 1. Pure."""
    if share >= 1:
        return [(since, until)]
    step = (until - since) / _STRETCHES
    begins = [since + n * step for n in range(_STRETCHES)]
    return [(begin, begin + share * step) for begin in begins]


def _line(row: dict[str, Any], by: LatencyBy, timezone: str) -> LatencyLine:
    at: datetime | None = row["at"]
    key = slice_of(at, _SLICES[by], timezone) if at is not None else str(row["key"])
    spreads = {step: _spread(row[f"{step}_count"], row[step]) for step in _STEPS}
    return LatencyLine(key=key, **spreads)


def _spread(count: int, values: list[float] | None) -> Spread:
    found = values or [None] * len(_SHARES)
    return Spread(count=count, **dict(zip(_SHARES, (None if v is None else round(v, 3) for v in found), strict=True)))
