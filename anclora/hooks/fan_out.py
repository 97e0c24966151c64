"""From events to deliveries, exactly once for each event and subscription, whenever its transaction ended.

There is no cursor that a late commit could slip behind: whoever appends events leaves a row that names them, and
passing them on takes that row away in the same transaction. Those of one subject were appended one after the other,
each after the commit before it, so what can be seen has no gap within a subject; and one process passes on at a time.
"""

from itertools import chain

from anclora.hooks import metrics
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.storage.database import Database, execute, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_ROWS = 200


class FanOut(Loop):
    """Passes on what was appended."""

    name = "hook_fan_out"
    every_seconds = 0.5

    def __init__(self, db: Database, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock

    async def run_once(self) -> bool:
        """The next 200 appends; whoever is second while another passes on has nothing to do."""
        async with self._db.transaction() as conn:
            lock = await fetch_one(conn, QUERIES["lock_fan_out"])
            if not lock or not lock["pg_try_advisory_xact_lock"]:
                return False
            rows = await (await conn.execute(QUERIES["take_unread"], {"limit": _ROWS})).fetchall()
            if not rows:
                return False
            ids = list(chain.from_iterable(row[0] for row in rows))
            made = await execute(conn, QUERIES["fan_out"], ids=ids, now=self._clock.now())
        metrics.FANNED_OUT.inc(made)
        return len(rows) == _ROWS
