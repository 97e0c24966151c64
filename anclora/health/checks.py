"""The checks: each asks one part for real, all at once, each in a bounded time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec
import psycopg
from redis.exceptions import RedisError

from anclora.health.model import Check, Checked, Finding, RedisView, Status
from anclora.health.pulse import Pulse
from anclora.health.redis import redis_view
from anclora.health.rules import (
    judge_clock,
    judge_disks,
    judge_instances,
    judge_lag,
    judge_memory,
    judge_migrations,
    judge_queue,
    judge_storage,
)
from anclora.instances import status_of
from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.kit.patience import Patience
from anclora.kit.settings import Settings
from anclora.messages.queue_view import QueueView, TellsStats
from anclora.storage.database import Database
from anclora.storage.migrate import revisions
from anclora.storage.queries import load_queries
from anclora.storage.timekeeper import seconds_off

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_CHECK_SECONDS = 2.0
EXPECTED = (AncloraError, RedisError, OSError, TimeoutError, psycopg.Error)


class Lanes(TellsStats, Protocol):
    """What is asked of the queue: `anclora.queue.Queue`."""

    async def infos(self) -> list[Mapping[str, Any]]:
        """What each server says of itself."""
        ...

    async def slow_entries(self) -> int | None:
        """How many commands were ever slow; None = not told."""
        ...


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at.

    Attributes:
        pulse: of this process.
        queue: the queue, looked at a moment ago or now.
    """

    db: Database
    lanes: Lanes
    book: InstanceBook
    settings: Settings
    clock: Clock
    pulse: Pulse
    queue: Callable[[], Awaitable[QueueView]]


Probe = Callable[[], Awaitable[Finding]]


class Checks:
    """The checks of one process.

    Attributes:
        redis: what Redis said of itself at the last look; None = it did not answer.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._patience = Patience(_CHECK_SECONDS)
        self.redis: RedisView | None = None

    async def run(self) -> Checked:
        """Every check by name. None takes longer than two seconds."""
        probes: Mapping[str, Probe] = {
            "database": self._database,
            "migrations": self._migrations,
            "clock": self._clock,
            "redis": self._redis,
            "queue": self._queue,
            "instances": self._instances,
            "event_loop": self._event_loop,
            "memory": self._memory,
            "disk": self._disk,
        }
        self.redis = None
        results = await asyncio.gather(*(self._timed(name, probe) for name, probe in probes.items()))
        found = dict(zip(probes, results, strict=True))
        storage: Finding = ("unhealthy", "not known: Redis does not answer")
        if self.redis is not None:
            storage = judge_storage(self.redis, must_keep=self._parts.settings.redis_keeps)
        found["redis_storage"] = Check(status=storage[0], message=storage[1], duration_ms=found["redis"].duration_ms)
        return found

    async def _timed(self, name: str, probe: Probe) -> Check:
        began_seconds = self._parts.clock.boot_seconds()
        status: Status = "unhealthy"
        try:
            status, message = await self._patience.wait(probe())
        except EXPECTED as error:
            log.warning("check_failed", check=name, error=repr(error))
            refused = isinstance(error, psycopg.Error)  # it does, and what was asked for is not there: not migrated
            message = f"refuses the question: {type(error).__name__}" if refused else "does not answer"
        took_ms = (self._parts.clock.boot_seconds() - began_seconds) * 1000
        return Check(status=status, message=message, duration_ms=round(took_ms, 1))

    async def _database(self) -> Finding:
        await self._parts.db.fetch_one(QUERIES["answers"])
        return "healthy", "answers"

    async def _migrations(self) -> Finding:
        row = await self._parts.db.fetch_one(QUERIES["applied_revision"])
        return judge_migrations(None if row is None else str(row["version_num"]), revisions())

    async def _clock(self) -> Finding:
        return judge_clock(await seconds_off(self._parts.db, self._parts.clock))

    async def _redis(self) -> Finding:
        answers, slow = await self._parts.lanes.infos(), await self._parts.lanes.slow_entries()
        self.redis = redis_view(answers, slow)
        return "healthy", "answers"

    async def _queue(self) -> Finding:
        return judge_queue(await self._parts.queue(), limit_seconds=self._parts.settings.backlog_limit_seconds)

    async def _instances(self) -> Finding:
        await self._parts.book.refresh()
        now = self._parts.clock.now()
        return judge_instances({instance.name: status_of(instance, now) for instance in self._parts.book.all})

    async def _event_loop(self) -> Finding:
        return judge_lag(self._parts.pulse.lag_seconds)

    async def _memory(self) -> Finding:
        return judge_memory(self._parts.pulse.task)

    async def _disk(self) -> Finding:
        return judge_disks(self._parts.pulse.disks)
