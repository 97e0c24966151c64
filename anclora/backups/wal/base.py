"""Base backups by themselves: once a day, and at once where the log has none to go on from."""

from datetime import datetime, timedelta

from anclora.backups.find import look
from anclora.backups.house import House, open_house
from anclora.backups.ledger import keep_failed, keep_good
from anclora.backups.model import Kind, Tier
from anclora.backups.postgres import connected
from anclora.backups.prune import prune
from anclora.backups.rules import RETRY_MINUTES
from anclora.backups.run import make
from anclora.backups.wal.chore import alone, is_kept
from anclora.backups.wal.rules import is_base_due
from anclora.backups.wal.server import QUERIES, NotKeptError, look_at_log
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Database

log = get_logger(__name__)


class BaseChore(Loop):
    """Makes a base backup each day, and at once where the log has none to go on from.

    Args:
        db: the ledger, which remembers.
        settings: target, key and source.
        clock: the ledger's.
    """

    name = "backup_base"
    every_seconds = 300.0
    chore = "backup-base"

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock
        self._url = settings.database_url or ""
        self._house: House | None = open_house(settings, clock) if is_kept(settings) else None
        self._failed_at: datetime | None = None
        self.round_timeout_seconds = settings.backup_timeout_seconds
        if self._house is None:
            self.chore = None

    async def run_once(self) -> bool:
        """Make one when it is due.

        Raises:
            AncloraError: it could not be made; it is tried again ten minutes later.
        """
        house, now = self._house, self._clock.now()
        resting = self._failed_at is not None and now - self._failed_at < timedelta(minutes=RETRY_MINUTES)
        if house is None or resting:
            return False
        async with alone(self._url, QUERIES["be_alone_with_base"]) as first:
            if not first or not await _is_due(house, self._url, now):
                return False
            try:
                manifest = await make(house, Kind.POSTGRES, Tier.BASE)
            except AncloraError as error:
                self._failed_at = now
                await keep_failed(self._db, house, Kind.POSTGRES, Tier.BASE, f"{error.code}: {error.detail}")
                raise
            await keep_good(self._db, house, manifest)
            log.info("backup_made", name=manifest.name, bytes=manifest.bytes)
            await prune(house)
        return False


async def _is_due(house: House, url: str, now: datetime) -> bool:
    conn = await connected(url)
    try:
        try:
            its = await look_at_log(conn)
        except NotKeptError:
            return False  # whoever ships the log says why
    finally:
        await conn.close()
    lies = await look(house)
    return is_base_due(lies.bases, lies.segments, its.system, its.timeline, now)
