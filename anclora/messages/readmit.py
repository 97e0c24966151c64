"""Held messages come back to their lanes when their hold is over, a slice at a time and in their old places."""

from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.messages import metrics
from anclora.messages.feed import deliver, on_their_way
from anclora.messages.gates import QUERIES
from anclora.messages.model import State
from anclora.queue import Queue
from anclora.storage.database import Database

log = get_logger(__name__)
_SLICE = 1_000


class Readmission(Loop):
    """Lets held messages in again whose gate is open, or whose time has come; safe in several processes at once."""

    name = "readmission"
    every_seconds = 1.0

    def __init__(self, db: Database, queue: Queue) -> None:
        super().__init__()
        self._db = db
        self._queue = queue

    async def run_once(self) -> bool:
        """One slice; its outbox row goes once the lanes have it."""
        async with self._db.transaction() as conn:
            rows = await (await conn.execute(QUERIES["readmit"], {"limit": _SLICE})).fetchall()
            ids = [message_id for message_id, state in rows if state == State.QUEUED]
            if not ids:
                return bool(rows)
            way = await on_their_way(conn, ids)
        await deliver(self._db, self._queue, *way)
        metrics.READMITTED.inc(len(ids))
        log.info("readmitted", messages=len(ids))
        return len(rows) == _SLICE
