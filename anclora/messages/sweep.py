"""The loops that mend what a crash left behind. Each round is bounded; each is safe in several processes at once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics
from anclora.messages.feed import LaneItem, deliver, enqueue, on_their_way
from anclora.queue import Queue
from anclora.storage.database import Database
from anclora.storage.partitions import drop_partitions, ensure_partitions
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_OUTBOX_ROWS = 100
_PROMOTED = 1_000
_FORGOTTEN = 5_000
_HOUSEKEEPING_SECONDS = 3_600.0


class OutboxSweep(Loop):
    """The long way from the ledger to the lanes (the short one is `feed`)."""

    name = "outbox"

    def __init__(self, db: Database, queue: Queue, settings: Settings) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._db = db
        self._queue = queue
        self._after_seconds = settings.outbox_after_seconds

    async def run_once(self) -> bool:
        """Enqueue what old outbox rows name; a row goes when none of its ids is still in flight."""
        async with self._db.transaction() as conn:
            cursor = await conn.execute(
                QUERIES["stale_outbox"], {"after_seconds": self._after_seconds, "limit": _OUTBOX_ROWS}
            )
            rows: Sequence[tuple[int, list[UUID]]] = await cursor.fetchall()
            if not rows:
                return False
            ids = [message_id for _, message_ids in rows for message_id in message_ids]
            cursor = await conn.execute(QUERIES["lane_items"], {"ids": ids})
            items = [LaneItem(str(r[0]), *r[1:]) for r in await cursor.fetchall()]
            in_flight = await enqueue(self._queue, items)
            done = [row_id for row_id, message_ids in rows if not any(str(i) in in_flight for i in message_ids)]
            await conn.execute(QUERIES["delete_outbox"], {"ids": done})
        log.info("outbox_swept", rows=len(done), messages=len(items))
        return len(done) == _OUTBOX_ROWS


class OrphanSweep(Loop):
    """What a silent worker was sending is from now on in doubt; the resolver looks for evidence."""

    name = "orphans"

    def __init__(self, db: Database, settings: Settings) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._db = db
        self._lease_seconds = settings.lease_seconds
        self._longest_seconds = (
            settings.send_timeout_seconds + settings.connect_timeout_seconds + settings.lease_seconds
        )
        self._rounds = 0

    async def run_once(self) -> bool:
        """Reap silent workers; every tenth round also look for intents too old for any reason."""
        self._rounds += 1
        async with self._db.transaction() as conn:
            cursor = await conn.execute(QUERIES["silent_workers"], {"lease_seconds": self._lease_seconds})
            silent = [row[0] for row in await cursor.fetchall()]
            if not silent and self._rounds % 10:
                return False
            # Reaped first: a heartbeat that comes back now finds itself gone and starts under a new name.
            await conn.execute(QUERIES["reap_workers"], {"ids": silent})
            cursor = await conn.execute(
                QUERIES["orphan_messages"], {"worker_ids": silent, "longest_seconds": self._longest_seconds}
            )
            rows = await cursor.fetchall()
            if rows:
                await conn.execute(
                    QUERIES["store_orphan_attempts"],
                    {
                        "message_ids": [row[0] for row in rows],
                        "attempts": [row[1] for row in rows],
                        "instances": [row[2] for row in rows],
                        "intent_ats": [row[3] for row in rows],
                    },
                )
        if silent or rows:
            metrics.ORPHANS.inc(len(rows))
            log.warning("workers_lost", workers=[str(worker) for worker in silent], messages=len(rows))
        return False


class Promoter(Loop):
    """Scheduled messages become queued when their time comes, and get their place in the order then."""

    name = "promoter"

    def __init__(self, db: Database, queue: Queue, settings: Settings) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._db = db
        self._queue = queue

    async def run_once(self) -> bool:
        """Promote one batch; its outbox row goes once the lanes have it."""
        async with self._db.transaction() as conn:
            cursor = await conn.execute(QUERIES["promote"], {"limit": _PROMOTED})
            ids = [row[0] for row in await cursor.fetchall()]
            if not ids:
                return False
            way = await on_their_way(conn, ids)
        await deliver(self._db, self._queue, *way)
        return len(ids) == _PROMOTED


class LaneSweep(Loop):
    """Claims whose lease ran out go back to their place in the lane."""

    name = "lanes"

    def __init__(self, queue: Queue, settings: Settings) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._queue = queue
        self._shards = settings.shards

    async def run_once(self) -> bool:
        """One bounded sweep per shard."""
        swept = [await self._queue.sweep(shard) for shard in range(self._shards)]
        if any(swept):
            log.info("leases_expired", items=sum(swept))
        return False


class Housekeeping(Loop):
    """Partitions ahead, and what is past its time goes."""

    name = "housekeeping"
    chore = "housekeeping"
    every_seconds = _HOUSEKEEPING_SECONDS

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock
        self._days = settings.idempotency_days
        self._webhook_days = settings.webhook_days

    async def run_once(self) -> bool:
        """Make partitions; forget strays, old keys and old webhooks, a bounded number a round."""
        async with self._db.transaction() as conn:
            await ensure_partitions(conn, self._now())
        async with self._db.transaction() as conn:
            strays = await conn.execute(QUERIES["forget_strays"], {"limit": _FORGOTTEN})
            await conn.execute(QUERIES["forget_risen"])
            await conn.execute(QUERIES["forget_rests"])
            keys = await conn.execute(QUERIES["forget_keys"], {"days": self._days, "limit": _FORGOTTEN})
        # Last, because it gives up when somebody reads there.
        async with self._db.transaction() as conn:
            dropped = await drop_partitions(conn, "inbound_events", self._now() - timedelta(days=self._webhook_days))
        if dropped:
            log.info("partitions_dropped", names=dropped, older_than_days=self._webhook_days)
        return _FORGOTTEN in (strays.rowcount, keys.rowcount)

    def _now(self) -> datetime:
        return self._clock.now().astimezone(UTC)
