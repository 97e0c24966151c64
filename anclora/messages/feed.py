"""From the ledger to the lanes: committed rows are enqueued, then their outbox row goes.

The short way is this loop, fed from memory right after a commit. The long way is the sweep, which reads the outbox: it
serves whatever the short way dropped, because Redis was away, the process died, or the bound below was reached.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from anclora.kit.errors import UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.queue import Item, Queue
from anclora.queue.model import EnqueueResult
from anclora.storage.database import Connection, Database, fetch_one
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
LANE_PREFIX = "send:"
BOUND = 2_000
ROUND = 50
_FORGET_EVERY_SECONDS = 0.1


class LaneItem(msgspec.Struct, frozen=True):
    """What a lane needs to know of a message."""

    id: str
    instance: str
    recipient: str
    priority: int
    ordinal: int
    due_at: datetime | None = None


def lane_of(instance: str) -> str:
    """The lane of a number."""
    return f"{LANE_PREFIX}{instance}"


async def enqueue(queue: Queue, items: Sequence[LaneItem]) -> set[str]:
    """Put messages into their lanes, each at the place of its ordinal; back come the ids still in flight there."""
    return {message_id for message_id, answer in (await place(queue, items)).items() if answer == "in_flight"}


async def place(queue: Queue, items: Sequence[LaneItem]) -> dict[str, EnqueueResult]:
    """The same; back comes what became of each."""
    lanes: dict[str, list[Item]] = {}
    for item in items:
        due_ms = int(item.due_at.timestamp() * 1000) if item.due_at else 0
        lanes.setdefault(lane_of(item.instance), []).append(
            Item(id=item.id, order_key=item.recipient, priority=item.priority, due_at_ms=due_ms, place=item.ordinal)
        )
    answers = await queue.enqueue_all(lanes)
    return {
        item.id: answer
        for lane, lane_items in lanes.items()
        for item, answer in zip(lane_items, answers[lane], strict=True)
    }


async def on_their_way(conn: Connection, ids: Sequence[UUID]) -> tuple[int, list[LaneItem]]:
    """In the transaction that queues these messages: the outbox row, and what `deliver` needs."""
    outbox = await fetch_one(conn, QUERIES["insert_outbox"], ids=ids)
    rows = await (await conn.execute(QUERIES["lane_items"], {"ids": ids})).fetchall()
    return int(outbox["id"]) if outbox else 0, [LaneItem(str(row[0]), *row[1:]) for row in rows]


async def deliver(db: Database, queue: Queue, outbox_id: int, items: Sequence[LaneItem]) -> None:
    """After its commit: put the messages into their lanes, and forget the outbox row when none was in flight there."""
    if not await enqueue(queue, items):
        async with db.transaction() as conn:
            await conn.execute(QUERIES["delete_outbox"], {"ids": [outbox_id]})


class Feeder(Loop):
    """The short way: owns what was committed by this process and has not reached the lanes."""

    name = "feeder"
    every_seconds = 1.0

    def __init__(self, db: Database, queue: Queue) -> None:
        super().__init__()
        self._db = db
        self._queue = queue
        self._waiting: deque[tuple[int, Sequence[LaneItem]]] = deque()
        self._done: list[int] = []
        self._forgot_at_seconds = 0.0

    def put(self, outbox_id: int, items: Sequence[LaneItem]) -> None:
        """Hand over one committed outbox row; beyond the bound the sweep serves it."""
        if len(self._waiting) < BOUND:
            self._waiting.append((outbox_id, items))
            self.nudge()

    async def run_once(self) -> bool:
        """Enqueue up to `ROUND` commits, and delete the outbox rows of those that arrived, some at a time."""
        batch = [self._waiting.popleft() for _ in range(min(ROUND, len(self._waiting)))]
        if batch:
            try:
                in_flight = await enqueue(self._queue, [item for _, items in batch for item in items])
            except UnavailableError as error:
                log.warning("lanes_unreachable", error=repr(error), commits=len(batch))
                return False
            self._done += [row_id for row_id, items in batch if not any(item.id in in_flight for item in items)]
        # A commit of many deletions costs hardly more than one of a few, and a row kept a moment longer does no harm.
        now = asyncio.get_running_loop().time()
        if self.stopping or now - self._forgot_at_seconds >= _FORGET_EVERY_SECONDS:
            self._forgot_at_seconds = now
            await self._forget()
        return bool(self._waiting)

    async def settle(self) -> None:
        """Enqueue everything that waits, and return when nothing is left to delete."""
        while await self.run_once():
            continue
        await self._forget()

    async def _forget(self) -> None:
        if self._done:
            done, self._done = self._done, []
            await self._db.commit(QUERIES["delete_outbox"], ids=done)
