"""What the evaluator looks at: the ledger, the lanes, Redis and this machine. Whatever does not answer is None."""

import asyncio
import shutil
import socket
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from redis.exceptions import RedisError

from anclora.instances import InstanceBook, status_of
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, UnavailableError
from anclora.kit.ids import first_id_at
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages.queue_view import QueueWatch, TellsStats
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_LOOK_SECONDS = 5.0
_QUARTER, _DAY = timedelta(minutes=15), timedelta(days=1)
_AWAY = (AncloraError, RedisError, OSError, TimeoutError)
Seen = TypeVar("Seen")


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows say. Seconds are ages; counts are of 15 minutes, of attempts of 5 (doubles: 10)."""

    workers: int
    stuck: int
    unknown_seconds: float
    died: int
    unapplied_seconds: float
    sent: int
    heard: bool
    bad: int
    samples: int
    doubles: int
    unacknowledged: Mapping[str, int]


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """The queue. `oldest_seconds` = by number, for how long the first that lacks only a worker has done so."""

    waiting: int
    throughput: float
    oldest_seconds: Mapping[str, float]


class RedisState(msgspec.Struct, frozen=True, kw_only=True):
    """What the servers of the lanes say of themselves, the worst of them."""

    uptime_seconds: int
    fullest: float
    evicted: int
    keeps: bool


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """This machine. `free` = share of the disk our data lies on; `off_seconds` = its clock against the ledger's."""

    host: str
    place: str
    free: float
    off_seconds: float


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One look. None = it did not answer.

    Attributes:
        numbers: whether messages flow through each number we expect.
        evicted_before: what the last look saw of evicted keys.
        redis_before_seconds: and of how long Redis had run; a later look that sees less saw a restart.
        watchdog_at: when Prometheus was last heard; None = never, there is none.
    """

    ledger: Ledger | None
    lanes: Lanes | None
    redis: RedisState | None
    machine: Machine | None
    numbers: Mapping[str, bool] | None
    evicted_before: int | None = None
    redis_before_seconds: int | None = None
    watchdog_at: datetime | None = None


class TellsInfo(Protocol):
    """What is asked of Redis: a client."""

    def info(self, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """What the server says of itself."""
        ...


class Look:
    """Looks at everything, each in a bounded time.

    Args:
        db: the ledger.
        lanes: the queue.
        redis: its server.
        book: our numbers.
        settings: lease, and where data lies.
        clock: the ledger's.
    """

    def __init__(
        self, db: Database, lanes: TellsStats, redis: TellsInfo, book: InstanceBook, settings: Settings, clock: Clock
    ) -> None:
        self._db = db
        self._queue = QueueWatch(db, lanes, book, settings, clock)
        self._redis = redis
        self._book = book
        self._settings = settings
        self._clock = clock
        self._redis_before: RedisState | None = None

    async def facts(self, watchdog_at: datetime | None) -> Facts:
        """Everything as it is now."""
        ledger, lanes, redis, numbers = await asyncio.gather(
            _seen("ledger", self._ledger()),
            _seen("lanes", self._look_at_lanes()),
            _seen("redis", self._look_at_redis()),
            _seen("numbers", self._numbers()),
        )
        before, self._redis_before = self._redis_before, redis or self._redis_before
        return Facts(
            ledger=ledger,
            lanes=lanes,
            redis=redis,
            machine=self._machine(),
            numbers=numbers,
            evicted_before=before.evicted if before else None,
            redis_before_seconds=before.uptime_seconds if before else None,
            watchdog_at=watchdog_at,
        )

    async def _ledger(self) -> Ledger:
        now = self._clock.now()
        spans = {"now": now, "lease_seconds": self._settings.lease_seconds, "quarter_id": first_id_at(now - _QUARTER)}
        rows = await self._db.fetch_one(QUERIES["look_at_ledger"], **spans) or {}
        tries = await self._db.fetch_one(QUERIES["look_at_attempts"], now=now, since_id=first_id_at(now - _DAY)) or {}
        stalled = await self._db.fetch_all(QUERIES["count_unacknowledged"])
        return Ledger(**rows, **tries, unacknowledged={row["instance"]: row["n"] for row in stalled})

    async def _look_at_lanes(self) -> Lanes:
        view = await self._queue.look()
        if view.lanes is None:
            raise UnavailableError("The lanes do not answer.")
        return Lanes(
            waiting=view.waiting,
            throughput=view.counts.throughput_per_second,
            oldest_seconds={
                **view.counts.oldest_by_instance,
                **{lane.instance: lane.oldest_waiting_seconds for lane in view.lanes},
            },
        )

    async def _look_at_redis(self) -> RedisState:
        return redis_state(await self._redis.info())

    async def _numbers(self) -> Mapping[str, bool]:
        await self._book.refresh()
        now = self._clock.now()
        return {each.name: status_of(each, now) == "connected" for each in self._book.all}

    def _machine(self) -> Machine | None:
        place = self._settings.data_dir if self._settings.data_dir.exists() else Path.cwd()
        try:
            usage = shutil.disk_usage(place)
        except OSError as error:
            log.warning("disk_unknown", place=str(place), error=str(error))
            return None
        free = usage.free / usage.total if usage.total else 1.0
        return Machine(host=socket.gethostname(), place="data", free=free, off_seconds=self._clock.off_seconds)


async def _seen(what: str, look: Awaitable[Seen]) -> Seen | None:
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            return await look
    except _AWAY as error:
        log.warning("alerts_cannot_see", what=what, error=repr(error)[:200])
        return None


def redis_state(info: Mapping[str, Any]) -> RedisState:
    """The worst of what one server, or each node of a cluster, says. Pure."""
    nodes = [node for node in info.values() if isinstance(node, Mapping) and "uptime_in_seconds" in node] or [info]
    return RedisState(
        uptime_seconds=min(int(node.get("uptime_in_seconds", 0)) for node in nodes),
        fullest=max(
            int(node.get("used_memory", 0)) / int(node["maxmemory"]) if int(node.get("maxmemory", 0)) else 0.0
            for node in nodes
        ),
        evicted=sum(int(node.get("evicted_keys", 0)) for node in nodes),
        keeps=all(
            bool(node.get("aof_enabled", 0))
            and node.get("aof_last_write_status", "ok") == "ok"
            and node.get("rdb_last_bgsave_status", "ok") == "ok"
            for node in nodes
        ),
    )
