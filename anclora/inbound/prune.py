"""Housekeeping: what people said, and the gaps, go when a setting says that they are old; a slice at a time."""

from datetime import timedelta

from anclora.inbound.hear import QUERIES
from anclora.inbound.metrics import PRUNED
from anclora.kit.clock import Clock
from anclora.kit.ids import first_id_at
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Database

log = get_logger(__name__)
_AT_ONCE = 1_000


class InboundPrune(Loop):
    """Removes old rows by their ids, which begin with a moment; safe in several processes at once."""

    name = "inbound_prune"
    chore = "inbound-retention"
    every_seconds = 3_600.0

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock
        self._days = {"heard": settings.heard_days, "gaps": settings.gap_days}

    async def run_once(self) -> bool:
        """One slice of each; whether there may be more."""
        full = False
        for what, days in self._days.items():
            if not days:
                continue
            before = first_id_at(self._clock.now() - timedelta(days=days))
            async with self._db.transaction() as conn:
                cursor = await conn.execute(QUERIES[f"prune_{what}"], {"before": before, "limit": _AT_ONCE})
            if cursor.rowcount:
                PRUNED.labels(what).inc(cursor.rowcount)
                log.info("inbound_pruned", what=what, rows=cursor.rowcount, older_than_days=days)
            full = full or cursor.rowcount == _AT_ONCE
        return full
