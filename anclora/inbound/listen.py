"""Whether we listen: a beat in the ledger, and when each number was heard last. Who comes back late finds the gap."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from anclora.inbound.gaps import QUERIES, open_gap
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Database, fetch_all

log = get_logger(__name__)


class Ear(Loop):
    """Runs where webhooks arrive. Without it nobody would know for how long nothing could arrive."""

    name = "listening"
    every_seconds = 15.0

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock
        self._longest = timedelta(seconds=settings.gap_after_seconds)
        self._names: set[str] = set()

    def heard(self, names: Iterable[str]) -> None:
        """Webhooks of these numbers were stored."""
        self._names.update(names)

    async def run_once(self) -> bool:
        """One beat. After a pause longer than the provider repeats its webhooks for, every number has a gap."""
        now, names = self._clock.now(), sorted(self._names)
        self._names.clear()
        async with self._db.transaction() as conn:
            [row] = await fetch_all(conn, QUERIES["beat"], now=now)
            before: datetime | None = row["heard_at"]
            if before is not None and now - before > self._longest:
                log.warning("webhooks_not_received", since=before.isoformat(), seconds=(now - before).total_seconds())
                for each in await fetch_all(conn, QUERIES["read_listening"]):
                    await open_gap(conn, each["name"], before, now, "downtime")
            if names:
                await conn.execute(QUERIES["heard_from"], {"names": names, "now": now})
        return False
