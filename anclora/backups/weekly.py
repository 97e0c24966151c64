"""Verification by itself: the newest backup of each kind is restored and compared once a week, in the quiet hours.

Through a restored ledger a message is sent too, into a sandbox, where this machine has a Redis for its lanes.

Once, however many processes run: who verifies holds an advisory lock of its own, so that backups go on meanwhile.
"""

import asyncio
from collections.abc import Mapping, Sequence

from anclora.backups.errors import DamagedError
from anclora.backups.find import find_all
from anclora.backups.house import House, is_configured, kinds_of, open_house
from anclora.backups.ledger import Proof, keep_unproved, keep_verified, proofs
from anclora.backups.model import Kind, Manifest
from anclora.backups.prints import QUERIES
from anclora.backups.rules import proof_is_due
from anclora.backups.schedule import being_alone
from anclora.backups.scratch import can_load
from anclora.backups.verify import Smoke, verify
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Database

log = get_logger(__name__)


class BackupVerification(Loop):
    """Restores what is due where nothing can be harmed. Off where backups are.

    Args:
        db: the ledger, which remembers what came of it.
        settings: target, key and sources.
        clock: the ledger's.
        smoke: sends the message; None = none is sent.

    Raises:
        SetupError: the target is none, or its key is missing.
    """

    name = "backup_verification"
    every_seconds = 300.0
    chore = "backup-verification"

    def __init__(self, db: Database, settings: Settings, clock: Clock, *, smoke: Smoke | None) -> None:
        super().__init__()
        self._db = db
        self._settings = settings
        self._clock = clock
        self._smoke = smoke
        self.round_timeout_seconds = settings.backup_timeout_seconds
        self._house: House | None = open_house(settings, clock) if is_configured(settings) else None
        if self._house is None:
            self.chore = None
        else:
            self._house.keyring()

    async def run_once(self) -> bool:
        """Verify the newest of each kind that is due; one that fails keeps no other from being looked at.

        Raises:
            AncloraError: what the first of those that failed raised, once all were tried.
        """
        if self._house is None or not self._due(await proofs(self._db)):
            return False
        async with being_alone(self._settings, QUERIES["be_alone_verifying"]) as alone:
            if alone:
                await self._verify_all(self._house)
        return False

    def _due(self, known: Mapping[Kind, Proof]) -> Sequence[Kind]:
        now, zone, never = self._clock.now(), self._settings.timezone, Proof(None, None)
        return [kind for kind in kinds_of(self._settings) if proof_is_due(known.get(kind, never), now, zone=zone)]

    async def _verify_all(self, house: House) -> None:
        due = self._due(await proofs(self._db))  # another process may have been at it meanwhile
        whole = [each.manifest for each in await find_all(house) if each.manifest and not each.problem]
        newest = {each.kind: each for each in sorted(whole, key=lambda each: each.made_at)}
        first: AncloraError | None = None
        for manifest in (newest[kind] for kind in due if kind in newest):
            error = await self._verify(house, manifest)
            first = first or error
        if first is not None:
            raise first

    async def _verify(self, house: House, manifest: Manifest) -> AncloraError | None:
        try:
            able = await asyncio.to_thread(can_load)
            found = await verify(house, manifest, smoke=self._smoke if able else None)
            if not found.good:
                raise DamagedError(f"{manifest.name} did not come back as it was: {'; '.join(found.wrong)}.")
        except AncloraError as error:
            log.warning("backup_unproved", name=manifest.name, code=error.code, error=error.detail)
            await keep_unproved(self._db, manifest.name, f"{error.code}: {error.detail}", self._clock.now())
            return error
        await keep_verified(self._db, manifest.name, self._clock.now())
        log.info(
            "backup_verified",
            name=manifest.name,
            tables=found.tables,
            rows=found.rows,
            message_sent=found.smoke,
            seconds=found.seconds,
        )
        return None
