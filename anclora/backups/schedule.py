"""Backups by themselves: each hour, day and week of UTC, once however many processes run; what is past its time goes.

Who makes one holds an advisory lock by a connection of its own, which ends with the process, however that ends.
"""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import LiteralString

from anclora.backups.house import House, is_configured, kinds_of, open_house
from anclora.backups.ledger import Newest, keep_failed, keep_good, newest
from anclora.backups.model import Kind, Tier
from anclora.backups.postgres import connected
from anclora.backups.prints import QUERIES
from anclora.backups.prune import prune
from anclora.backups.rules import SCHEDULED, is_due
from anclora.backups.run import make
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Database, fetch_one

log = get_logger(__name__)


class BackupChore(Loop):
    """Makes what is due. Off, and said to be, where no target is set.

    Args:
        db: the ledger.
        settings: target, key and sources.
        clock: the ledger's.

    Raises:
        SetupError: the target is none, or its key is missing; refuses to start rather than to fail at night.
    """

    name = "backups"
    every_seconds = 30.0
    chore = "backups"

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._settings = settings
        self._clock = clock
        self.round_timeout_seconds = settings.backup_timeout_seconds
        self._house: House | None = open_house(settings, clock) if is_configured(settings) else None
        self._kinds = kinds_of(settings)
        if self._house is None:
            self.chore = None
            log.info("backups_not_configured")
        else:
            self._house.keyring()

    async def run_once(self) -> bool:
        """Make everything that is due, one after the other; one that fails keeps no other from being made.

        Raises:
            AncloraError: what the first of those that failed raised, once all were tried.
        """
        house = self._house
        if house is None or self._due(await newest(self._db)) is None:
            return False
        async with being_alone(self._settings, QUERIES["be_alone"]) as alone:
            if alone:
                await self._make_all(house)
        return False

    def _due(self, known: Mapping[tuple[Kind, Tier], Newest]) -> Kind | None:
        """The next kind something is due of."""
        return next((kind for kind in self._kinds if self._tier(known, kind)), None)

    def _tier(self, known: Mapping[tuple[Kind, Tier], Newest], kind: Kind) -> Tier | None:
        """What is due of a kind."""
        now = self._clock.now()
        last = {
            tier: its.made_at
            for (of, tier), its in known.items()
            if of is kind and tier is not Tier.BASE and its.made_at is not None
        }
        for tier in SCHEDULED:
            failed_at = known[kind, tier].failed_at if (kind, tier) in known else None
            if is_due(tier, last, failed_at, now):
                return tier
        return None

    async def _make_all(self, house: House) -> None:
        first: AncloraError | None = None
        for kind in self._kinds:
            for _ in SCHEDULED:
                # Looked at again each time: another process may have made it, and a day's stands for an hour's too.
                tier = self._tier(await newest(self._db), kind)
                if tier is None:
                    break
                error = await self._make(house, kind, tier)
                first = first or error
        await self._prune(house)
        if first is not None:
            raise first

    async def _make(self, house: House, kind: Kind, tier: Tier) -> AncloraError | None:
        try:
            manifest = await make(house, kind, tier)
        except AncloraError as error:
            log.warning("backup_failed", kind=kind.value, tier=tier.value, code=error.code, error=error.detail)
            await keep_failed(self._db, house, kind, tier, f"{error.code}: {error.detail}")
            return error
        await keep_good(self._db, house, manifest)
        log.info("backup_made", name=manifest.name, bytes=manifest.bytes)
        return None

    async def _prune(self, house: House) -> None:
        pruned = await prune(house)
        await self._db.execute(QUERIES["forget"])
        if pruned.removed or pruned.unfinished:
            log.info("backups_pruned", removed=len(pruned.removed), unfinished=len(pruned.unfinished))


@contextlib.asynccontextmanager
async def being_alone(settings: Settings, query: LiteralString) -> AsyncGenerator[bool, None]:
    """Whether nobody else does this now; `query` takes an advisory lock, which ends with the block or the process."""
    connection = await connected(settings.database_url or "")
    try:
        row = await fetch_one(connection, query)
        yield bool(row and row["alone"])
    finally:
        await connection.close()
