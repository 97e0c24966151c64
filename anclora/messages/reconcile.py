"""The lanes are an index: whatever the ledger says is due and the lane does not hold is put back.

A plain comparison, run after Redis came back as another process (its `run_id` changed: empty, an old snapshot or a
lost second look alike) and every minute. Until it is done the shards carry no current epoch and serve no claims.
"""

import asyncio

from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics
from anclora.messages.feed import LaneItem, enqueue, lane_of
from anclora.messages.pacing import current_limits
from anclora.queue import Queue
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_PAGE = 1_000
_EVERYTHING_SECONDS = 400 * 86_400.0


async def current_epoch(db: Database) -> int:
    """The epoch the ledger holds the lanes to."""
    row = await db.fetch_one(QUERIES["read_epoch"])
    return int(row["epoch"]) if row else 0


async def compare(db: Database, queue: Queue, *, horizon_seconds: float) -> int:
    """Enqueue every queued message that is due before the horizon, page by page; how many there were."""
    place: dict[str, object] = {"instance": "", "recipient": "", "priority": -1, "ordinal": -1}
    seen = 0
    while True:
        rows = await db.fetch_all(QUERIES["due_messages"], **place, horizon_seconds=horizon_seconds, limit=_PAGE)
        items = [
            LaneItem(str(r["id"]), r["instance"], r["recipient"], r["priority"], r["ordinal"], r["next_attempt_at"])
            for r in rows
        ]
        if items:
            await enqueue(queue, items)
            seen += len(items)
        if len(rows) < _PAGE:
            return seen
        place = {name: rows[-1][name] for name in place}
        await asyncio.sleep(0)


class Reconciler(Loop):
    """Watches which Redis is there, and compares."""

    name = "reconcile"
    round_timeout_seconds = 300.0

    def __init__(self, db: Database, queue: Queue, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._db = db
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._compared_at = clock.boot_seconds()

    async def run_once(self) -> bool:
        """Open the lanes for the present Redis if need be; compare when it is time."""
        run_id = await self._queue.run_id()
        known = await self._db.fetch_one(QUERIES["read_epoch"])
        epoch = int(known["epoch"]) if known else 0
        if not known or known["run_id"] != run_id:
            epoch = await self._rebuild(run_id)
        elif await self._closed(epoch):
            await self._fill()
            await self._open(epoch)
        elif self._clock.boot_seconds() - self._compared_at >= self._settings.reconcile_every_seconds:
            await compare(self._db, self._queue, horizon_seconds=0.0)
            self._compared_at = self._clock.boot_seconds()
        self._queue.set_epoch(epoch)
        return False

    async def _rebuild(self, run_id: str) -> int:
        seen = await self._fill()
        async with self._db.transaction() as conn:
            cursor = await conn.execute(QUERIES["next_epoch"], {"run_id": run_id})
            row = await cursor.fetchone()
        epoch = int(row[0]) if row else await current_epoch(self._db)
        await self._open(epoch)
        self._compared_at = self._clock.boot_seconds()
        metrics.REQUEUED.inc(seen)
        log.info("lanes_reconciled", messages=seen, epoch=epoch)
        return epoch

    async def _fill(self) -> int:
        """Put back what the lanes should hold and keep: limits, rests of refusing numbers, messages."""
        for lane, limits in (await current_limits(self._db, self._settings, self._clock)).items():
            await self._queue.limit(lane, limits)
        for row in await self._db.fetch_all(QUERIES["resting_instances"]):
            await self._queue.pause(lane_of(row["name"]), for_seconds=row["seconds"], probe=True)
        return await compare(self._db, self._queue, horizon_seconds=_EVERYTHING_SECONDS)

    async def _closed(self, epoch: int) -> bool:
        shards = range(self._settings.shards)
        return any([await self._queue.epoch(shard) != epoch for shard in shards])

    async def _open(self, epoch: int) -> None:
        for shard in range(self._settings.shards):
            await self._queue.open_shard(shard, epoch)
