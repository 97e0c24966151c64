"""Everybody goes by the ledger's clock: leases, schedules and proofs are judged by it, on whatever machine."""

from anclora.kit.clock import Clock, LedgerClock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
MOST_OFF_SECONDS = 2.0  # farther off, a machine should be mended: ids, logs and other programs go by its own clock


async def seconds_off(db: Database, clock: Clock) -> float:
    """How far this machine's clock is ahead of the ledger's now. Raises `UnavailableError`."""
    asked = clock.boot_seconds()
    row = await db.fetch_one(QUERIES["database_time"])
    if row is None:
        return clock.off_seconds
    took_seconds = clock.boot_seconds() - asked
    return clock.off_seconds + (clock.now() - row["at"]).total_seconds() - took_seconds / 2


class Timekeeper(Loop):
    """Measures the distance between the two clocks and corrects ours by it."""

    name = "timekeeper"
    every_seconds = 5.0

    def __init__(self, db: Database, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock

    async def run_once(self) -> bool:
        """One look."""
        off = await seconds_off(self._db, self._clock)
        if isinstance(self._clock, LedgerClock):
            if abs(off) > MOST_OFF_SECONDS >= abs(self._clock.off_seconds):
                log.warning("clock_off", seconds=round(off, 3))
            self._clock.off_seconds = off
        return False
