"""Folding: deltas become figures, in the background, by one process at a time; nobody on a hot path waits for it."""

from collections.abc import Sequence

from anclora.kit.lifecycle import Loop
from anclora.kit.metrics import counter
from anclora.storage.database import Connection, Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
FOLDED = counter("tally_deltas_folded", "Deltas of figures that were folded")
_AT_ONCE = 20_000
REBUILD_SECONDS = 300.0  # of one statement; every quarter there is may have to be read
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


async def keep_days_of(db: Database, zone: str) -> bool:
    """Let the days be those of an IANA zone; True = they were another's and are made anew."""
    async with db.transaction() as conn:
        await alone(conn, wait=True)
        cursor = await conn.execute(QUERIES["change_zone"], {"zone": zone})
        if await cursor.fetchone() is None:
            return False
        await conn.execute("select set_config('statement_timeout', %s, true)", [f"{REBUILD_SECONDS:.0f}s"])
        await rebuild(conn, [1440])
        return True


async def rebuild(conn: Connection, grains: Sequence[int]) -> None:
    """Make hours (60) or days (1440) anew from their quarters; by whoever is `alone`."""
    await conn.execute(QUERIES["forget_sums"], {"grains": list(grains)})
    await conn.execute(QUERIES["rebuild_sums"], {"grains": list(grains)})


class TallyFold(Loop):
    """Folds every few seconds, into the days of one zone; safe in several processes at once."""

    name = "tally_fold"
    chore = "tally-fold"
    every_seconds = 2.0
    round_timeout_seconds = 2 * REBUILD_SECONDS + 60.0  # the first round may have to make all days anew

    def __init__(self, db: Database, zone: str) -> None:
        super().__init__()
        self._db, self._zone = db, zone
        self._settled = False

    async def run_once(self) -> bool:
        """One batch; the first time also the zone, which is a setting."""
        if not self._settled:
            await keep_days_of(self._db, self._zone)
            self._settled = True
        return await fold(self._db) == _AT_ONCE
