"""The lanes keep what the rows say: each number's limits and stops, told when they change and after every rebuild."""

import msgspec

from anclora.instances.pacing import limits_of, read_pacing
from anclora.kit.clock import Clock, business_date
from anclora.kit.lifecycle import Loop
from anclora.kit.settings import Settings
from anclora.messages.feed import lane_of
from anclora.messages.gates import closed_levels, read_gates
from anclora.queue import Limits, Queue
from anclora.storage.database import Database


async def current_limits(db: Database, settings: Settings, clock: Clock) -> dict[str, Limits]:
    """What each lane should keep now, what an operator stopped included."""
    today = business_date(clock.now(), settings.timezone)
    views = await read_pacing(db, default=settings.default_pacing, today=today)
    gates = await read_gates(db)
    return {
        lane_of(name): msgspec.structs.replace(limits_of(view), closed=closed_levels(gates, name))
        for name, view in views.items()
    }


class PaceKeeper(Loop):
    """Tells the lanes what changed: a row of pacing or a gate, or the day of a warm-up."""

    name = "pacing"
    every_seconds = 1.0

    def __init__(self, db: Database, queue: Queue, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._told: dict[str, Limits] = {}

    async def run_once(self) -> bool:
        """Tell the lanes whose limits are others than last time."""
        wanted = await current_limits(self._db, self._settings, self._clock)
        for lane, limits in wanted.items():
            if self._told.get(lane) != limits:
                await self._queue.limit(lane, limits)
                self._told[lane] = limits
        return False
