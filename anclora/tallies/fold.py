"""Folding: deltas become figures, in the background, by one process at a time; nobody on a hot path waits for it."""

from anclora.kit.lifecycle import Loop
from anclora.kit.metrics import counter
from anclora.storage.database import Connection, Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
FOLDED = counter("tally_deltas_folded", "Deltas of figures that were folded")
_AT_ONCE = 20_000
_LOCK = 0x616E6374  # "anct": the advisory lock of whoever writes `tallies`


async def alone(conn: Connection, *, wait: bool) -> bool:
    """Be the only one who writes figures until the end of the transaction; False = somebody else is."""
    if wait:
        await conn.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        return True
    cursor = await conn.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
    row = await cursor.fetchone()
    return bool(row and row[0])


async def fold(db: Database, *, at_once: int = _AT_ONCE) -> int:
    """Fold up to so many deltas; how many. What is appended meanwhile waits for the next time, and is read anyway."""
    async with db.transaction() as conn:
        if not await alone(conn, wait=False):
            return 0
        cursor = await conn.execute(QUERIES["fold"], {"limit": at_once})
        row = await cursor.fetchone()
    folded = int(row[0]) if row else 0
    FOLDED.inc(folded)
    return folded


class TallyFold(Loop):
    """Folds every few seconds; safe in several processes at once."""

    name = "tally_fold"
    every_seconds = 2.0

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db

    async def run_once(self) -> bool:
        """One batch."""
        return await fold(self._db) == _AT_ONCE
