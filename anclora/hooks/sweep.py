"""House-keeping: what is past its days goes, and the figures of the room are read."""

from datetime import UTC, timedelta

from anclora.hooks import metrics
from anclora.hooks.fan_out import QUERIES
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Database
from anclora.storage.partitions import drop_partitions

log = get_logger(__name__)
_TABLES = ("hook_deliveries", "hook_requests", "events")  # deliveries before what they tell of
_MOST_COUNTED = 100_000


class HookSweep(Loop):
    """Counts every quarter of a minute; each process shows the figures of all."""

    name = "hook_sweep"
    every_seconds = 15.0

    def __init__(self, db: Database, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock

    async def run_once(self) -> bool:
        """One look."""
        now = self._clock.now()
        row = await self._db.fetch_one(QUERIES["count_all_waiting"], most=_MOST_COUNTED) or {}
        oldest = row.get("oldest_at")
        metrics.WAITING.set(row.get("waiting", 0))
        metrics.OLDEST_SECONDS.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        paused = {each["paused_by"]: each["n"] for each in await self._db.fetch_all(QUERIES["count_paused"])}
        for by in ("person", "failures", "gone"):
            metrics.PAUSED.labels(by).set(paused.get(by, 0))
        return False


class EventPrune(Loop):
    """Every hour drops the days that are over."""

    name = "event_prune"
    chore = "event-retention"
    every_seconds = 3_600.0

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock
        self._days = settings.event_days

    async def run_once(self) -> bool:
        """Drop them."""
        now = self._clock.now().astimezone(UTC)
        await self._db.execute(QUERIES["forget_old_secrets"], now=now)
        for table in _TABLES:
            async with self._db.transaction() as conn:
                if names := await drop_partitions(conn, table, now - timedelta(days=self._days)):
                    log.info("partitions_dropped", names=names, older_than_days=self._days)
        return False
