"""The log, shipped again and again by whose turn it is."""

import contextlib
from collections.abc import AsyncGenerator
from typing import LiteralString

from anclora.backups.house import House, is_configured, kinds_of, open_house
from anclora.backups.model import Kind
from anclora.backups.postgres import connected
from anclora.backups.wal import metrics
from anclora.backups.wal.server import QUERIES, NotKeptError, let_go
from anclora.backups.wal.ship import ship
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import fetch_one

log = get_logger(__name__)
_LET_GO_SECONDS = 3_600.0


def is_kept(settings: Settings) -> bool:
    """Whether moments are wanted here: a target is set, Postgres is backed up, and nobody said no."""
    return is_configured(settings) and Kind.POSTGRES in kinds_of(settings) and settings.backup_wal_seconds > 0


class LogChore(Loop):
    """Ships the log every so often. Where no target is set it does nothing, and has the server keep nothing.

    Args:
        settings: target, key, source and how often.
        clock: the ledger's.
    """

    name = "backup_log"
    chore = "backup-log"
    round_timeout_seconds = 1_200.0

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._url = settings.database_url or ""
        self._house: House | None = open_house(settings, clock) if is_kept(settings) else None
        if self._house is None:
            self.chore = None
            self.every_seconds = _LET_GO_SECONDS
        else:
            self.every_seconds = settings.backup_wal_seconds
        metrics.WANTED.show_one(float(self._house is not None))

    async def run_once(self) -> bool:
        """Ship what there is.

        Raises:
            AncloraError: the server or the target does not do it.
        """
        if self._house is None:
            if self._url:
                await let_go(self._url)
            return False
        async with alone(self._url, QUERIES["be_alone_with_log"]) as first:
            if not first:
                return False
            try:
                shipped = await ship(self._house)
            except NotKeptError as error:
                log.warning("backup_log_not_kept", error=error.detail)
                self._house = None
                self.chore = None
                metrics.WANTED.show_one(0.0)
                self.every_seconds = _LET_GO_SECONDS
                return False
        if shipped.until is not None:
            metrics.LAST_SHIPPED.show_one(shipped.until.timestamp())
        return shipped.until is None


@contextlib.asynccontextmanager
async def alone(url: str, query: LiteralString) -> AsyncGenerator[bool, None]:
    """Whether nobody else does it now."""
    connection = await connected(url)
    try:
        row = await fetch_one(connection, query)
        yield bool(row and row["alone"])
    finally:
        await connection.close()
