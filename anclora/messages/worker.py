"""A process that sends: one row per start, a heartbeat by the database's clock, and the right to start a request.

The lease protects against doubles: once a worker has been silent for `lease_seconds`, others treat what it was sending
as in doubt. So it starts no request later than `lease - margin` after the *beginning* of its last good heartbeat, by a
clock that also runs while the machine sleeps. A stop of the process exactly between that check and the write stays
possible: a known limit; the late result is then evidence, and counted when it was a double.
"""

import os
import socket
from datetime import datetime

from anclora.kit.clock import Clock
from anclora.kit.ids import WorkerId, new_id
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)


class Worker(Loop):
    """The heartbeat of this process, and the lease it stands for.

    Attributes:
        id: changes when this worker was reaped and came back.
    """

    name = "heartbeat"

    def __init__(self, db: Database, settings: Settings, clock: Clock, *, role: str) -> None:
        super().__init__()
        self.id = WorkerId(new_id())
        self.every_seconds = settings.lease_seconds / 6
        self.round_timeout_seconds = settings.lease_seconds / 3
        self._db = db
        self._clock = clock
        self._role = role
        self._safe_seconds = settings.lease_seconds - min(settings.lease_margin_seconds, settings.lease_seconds / 3)
        self._beat_began: float | None = None

    def may_start(self, since_boot_seconds: float) -> bool:
        """Whether a request whose intent began at this boot time may leave now."""
        now = self._clock.boot_seconds()
        return (
            self._beat_began is not None
            and now - self._beat_began < self._safe_seconds
            and now - since_boot_seconds < self._safe_seconds
        )

    @property
    def alive(self) -> bool:
        """Whether the lease holds now."""
        return self.may_start(self._clock.boot_seconds())

    async def run_once(self) -> bool:
        """One heartbeat; after being reaped, or at the start, under a new name."""
        began = self._clock.boot_seconds()
        if self._beat_began is None:
            await self._register()
        else:
            async with self._db.transaction() as conn:
                cursor = await conn.execute(QUERIES["beat"], {"id": self.id})
                known = await cursor.fetchone()
            if known is None:
                log.warning("worker_was_reaped", worker=str(self.id))
                self.id = WorkerId(new_id())
                await self._register()
        self._beat_began = began
        return False

    async def last_served(self) -> datetime | None:
        """Until when a worker of this role is known to have lived; None = there never was one."""
        row = await self._db.fetch_one(QUERIES["last_served"], role=self._role)
        return None if row is None else row["at"]

    async def retire(self) -> None:
        """Say that nothing of this worker is left in flight."""
        async with self._db.transaction() as conn:
            await conn.execute(QUERIES["end_worker"], {"id": self.id})

    async def _register(self) -> None:
        row = {"id": self.id, "role": self._role, "host": socket.gethostname(), "pid": os.getpid()}
        async with self._db.transaction() as conn:
            await conn.execute(QUERIES["start_worker"], row)
