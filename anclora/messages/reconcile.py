"""The lanes are an index: whatever the ledger says is due and the lane does not hold is put back.

A comparison of all, run after Redis came back as another process (its `run_id` changed: empty, an old snapshot or a
lost second look alike) or when an operator asks: limits, what was let out in the last day, rests, messages. Until it is
done the shards of a Redis that lost them carry no current epoch and serve no claims. Every minute a part of what is due
is compared again, and a part of what the lanes hold.
"""

import asyncio
from collections.abc import Mapping

from anclora.audit import record
from anclora.instances.book import QUERIES as INSTANCES
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics
from anclora.messages.feed import LaneItem, enqueue, lane_of, place
from anclora.messages.pacing import current_limits
from anclora.messages.recall import recall
from anclora.queue import Limits, Queue
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_PAGE = 1_000
_PAGES = 10
_BATCH = 5_000
_SAMPLE = 1_000
Place = Mapping[str, object]
START: Place = {"instance": "", "recipient": "", "priority": -1, "ordinal": -1}


async def current_epoch(db: Database) -> int:
    """The epoch the ledger holds the lanes to."""
    row = await db.fetch_one(QUERIES["read_epoch"])
    return int(row["epoch"]) if row else 0


async def ask_for_rebuild(db: Database, *, actor: str) -> int:
    """Have the lanes rebuilt from the ledger by whoever reconciles, while workers run; the epoch they are at now."""
    async with db.transaction() as conn:
        cursor = await conn.execute(QUERIES["forget_run"])
        row = await cursor.fetchone()
        await record(conn, actor=actor, action="queue.rebuild", subject="lanes")
    return int(row[0]) if row else 0


async def fill(db: Database, queue: Queue) -> int:
    """Put every message that may still be sent into its lane, in the order of sending; how many there were.

    Those being sent or in doubt too: a claim of one ends at the intent, and its place holds back later ones. A lane
    takes what comes in order at a third of the cost of anything else, so the ledger is read once, through a cursor.
    """
    seen = 0
    async with db.transaction() as conn, conn.cursor(name="lanes") as cursor:
        await cursor.execute(QUERIES["open_messages"])
        while rows := await cursor.fetchmany(_BATCH):
            await enqueue(queue, [LaneItem(str(row[0]), *row[1:]) for row in rows])
            seen += len(rows)
    return seen


async def compare(db: Database, queue: Queue, since: Place = START, *, pages: int) -> tuple[int, Place]:
    """Enqueue queued messages that are due, some pages from a place on; how many there were, and the next place.

    What the lane holds already stays as it is. After the last one the next place is the first.
    """
    seen = missing = 0
    for _ in range(pages):
        rows = await db.fetch_all(QUERIES["due_messages"], **since, limit=_PAGE)
        items = [
            LaneItem(str(r["id"]), r["instance"], r["recipient"], r["priority"], r["ordinal"], r["next_attempt_at"])
            for r in rows
        ]
        if items:
            answers = await place(queue, items)
            missing += sum(row["settled"] and answers[str(row["id"])] == "added" for row in rows)
            seen += len(items)
        if len(rows) < _PAGE:
            since = START
            break
        since = {name: rows[-1][name] for name in START}
        await asyncio.sleep(0)
    metrics.MISSING.set(missing)
    return seen, since


class Reconciler(Loop):
    """Watches which Redis is there, and compares."""

    name = "reconcile"
    chore = "reconcile"
    round_timeout_seconds = 300.0

    def __init__(self, db: Database, queue: Queue, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._db = db
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._compared_at = clock.boot_seconds()
        self._cursors: dict[str, int] = {}
        self._place = START

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
            _, self._place = await compare(self._db, self._queue, self._place, pages=_PAGES)
            await self._clear()
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
        limits = await current_limits(self._db, self._settings, self._clock)
        for lane, its in limits.items():
            await self._queue.limit(lane, its)
        for row in await self._db.fetch_all(QUERIES["resting_instances"]):
            await self._queue.pause(lane_of(row["name"]), for_seconds=row["seconds"], probe=True)
        await self._recall(limits)
        return await fill(self._db, self._queue)

    async def _recall(self, limits: Mapping[str, Limits]) -> None:
        memories = await recall(self._db, limits, self._clock.now())
        for lane, memory in memories.items():
            await self._queue.recall(lane, memory)

    async def _clear(self) -> None:
        """The other way round: some of what each lane holds; what is no message of it any more goes."""
        wrong = 0
        for name in [lane_of(row["instance"]) for row in await self._db.fetch_all(INSTANCES["read_pacing"])]:
            cursor, ids = await self._queue.sample(name, self._cursors.get(name, 0), _SAMPLE)
            self._cursors[name] = cursor
            rows = await self._db.fetch_all(QUERIES["still_open"], ids=ids)
            known = {str(row["id"]) for row in rows}
            if strays := [item_id for item_id in ids if item_id not in known]:
                rightly = {str(row["id"]) for row in await self._db.fetch_all(QUERIES["rightly_gone"], ids=strays)}
                gone = await self._queue.cancel(name, strays, packed=False)
                metrics.STRAYS.inc(gone.count("canceled"))
                ends = zip(strays, gone, strict=True)
                wrong += sum(end == "canceled" and item_id not in rightly for item_id, end in ends)
        metrics.ORPHANED.set(wrong)

    async def _closed(self, epoch: int) -> bool:
        shards = range(self._settings.shards)
        return any([await self._queue.epoch(shard) != epoch for shard in shards])

    async def _open(self, epoch: int) -> None:
        for shard in range(self._settings.shards):
            await self._queue.open_shard(shard, epoch)
