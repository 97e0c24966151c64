"""Figures of the ledger: what was sent, what waits, what failed. Counted from the rows, never estimated."""

from datetime import datetime, timedelta

import msgspec

from anclora.kit.ids import first_id_at
from anclora.messages.read import QUERIES
from anclora.providers.faults import THEIRS
from anclora.storage.database import Database
from anclora.tallies import Wanted, total

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_ERROR_WINDOW = timedelta(days=2)


class QueueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of the queue; completed and failed are of the last 24 hours, to the quarter of an hour.

    Attributes:
        held_by_instance: held messages of each number that has any.
        oldest_by_instance: seconds the oldest due message of each number waits that has any.
        throughput_per_second: went out, over the last minute; `throughput_by_instance`: of each that sent any.
    """

    queued: int
    scheduled: int
    held: int
    held_by_instance: dict[str, int]
    oldest_by_instance: dict[str, float]
    sending: int
    unknown: int
    completed_24h: int
    failed_24h: int
    dlq: int
    throughput_per_second: float
    throughput_by_instance: dict[str, float]


class ErrorRate(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of the last 5 minutes that failed for the provider's or our own fault, as a share of all that ended."""

    rate: float
    samples: int


async def queue_counts(db: Database, now: datetime) -> QueueCounts:
    """The state of the queue now."""
    live = await db.fetch_all(QUERIES["count_queue"])
    later = await db.fetch_one(QUERIES["count_scheduled"]) or {}
    ended = await db.fetch_one(QUERIES["count_given_up"]) or {}
    sent = await db.fetch_all(QUERIES["count_sent"], since=now - _MINUTE, until=now + _DAY)
    paces = {row["instance"]: row["n"] / _MINUTE.total_seconds() for row in sent}
    day = await total(db, Wanted(since=now - _DAY, until=now + _DAY))
    return QueueCounts(
        queued=sum(row["queued"] for row in live),
        scheduled=later.get("scheduled", 0),
        held=sum(row["held"] for row in live),
        held_by_instance={row["instance"]: row["held"] for row in live if row["held"]},
        oldest_by_instance={row["instance"]: row["oldest_seconds"] for row in live if row["oldest_seconds"]},
        sending=sum(row["sending"] for row in live),
        unknown=sum(row["unknown"] for row in live),
        completed_24h=day.sent,
        failed_24h=day.failed,
        dlq=ended.get("dlq", 0),
        throughput_per_second=round(sum(paces.values()), 3),
        throughput_by_instance=paces,
    )


async def error_rate(db: Database, now: datetime) -> ErrorRate:
    """The error rate of the last five minutes; no traffic = 0 with 0 samples."""
    since_id = first_id_at(now - _ERROR_WINDOW)
    row = await db.fetch_one(QUERIES["count_errors"], since_id=since_id, theirs=sorted(THEIRS)) or {}
    samples = row.get("samples", 0)
    return ErrorRate(rate=round(row.get("bad", 0) / samples, 6) if samples else 0.0, samples=samples)
