"""Expiring: what may leave no more ends at its moment, also where nobody claims it, as in a lane that is paused.

The ledger first, which alone decides; then the lanes, so that they do not count what is over. What waits far behind
there is not looked for, since that costs a look at all that waits: the lane drops it when it comes to it.
"""

from collections import defaultdict

from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages.ended import count_unsent
from anclora.messages.feed import lane_of
from anclora.messages.told import telling
from anclora.queue import Queue
from anclora.storage.database import Database

log = get_logger(__name__)
_SLICE = 1_000


class Expiry(Loop):
    """Ends queued messages past their `expires_at`, each once; safe in several processes at once."""

    name = "expiry"

    def __init__(self, db: Database, queue: Queue, settings: Settings) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._db = db
        self._queue = queue

    async def run_once(self) -> bool:
        """One slice; True = there may be more."""
        query, told = telling("expire")
        async with self._db.transaction() as conn:
            rows = await (await conn.execute(query, {"limit": _SLICE, **told})).fetchall()
        if not rows:
            return False
        count_unsent("expired", len(rows))
        log.info("expired", messages=len(rows))
        lanes: defaultdict[str, list[str]] = defaultdict(list)
        for message_id, instance in rows:
            lanes[lane_of(instance)].append(str(message_id))
        for lane, ids in lanes.items():
            await self._queue.cancel(lane, ids, packed=False)
        return len(rows) == _SLICE
