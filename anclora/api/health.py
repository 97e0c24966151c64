"""GET /health, /health/ready, /health/live: is it well, may work come in, is the process alive."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import open_to_all
from anclora.api.cached import Cached
from anclora.api.deps import Deps, deps_of
from anclora.api.openapi import documented
from anclora.api.queue import QueueMetrics
from anclora.instances import status_of
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.storage.timekeeper import MOST_OFF_SECONDS, seconds_off

log = get_logger(__name__)
router = APIRouter(tags=["operations"])

Status = Literal["healthy", "degraded", "unhealthy"]

_CHECK_SECONDS = 2.0
_CACHED_SECONDS = 1.0
_EXPECTED = (AncloraError, RedisError, OSError, TimeoutError)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One part looked at."""

    status: Status
    message: str
    duration_ms: float


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `unhealthy` = messages cannot be accepted; `degraded` = accepted, and something needs a look."""

    status: Status
    version: str
    uptime_seconds: float
    checks: dict[str, Check]


Probe = Callable[[], Awaitable[tuple[Status, str]]]


class Checks:
    """The checks of one process; all run at once, each bounded."""

    def __init__(self, deps: Deps, queue_metrics: Cached[QueueMetrics]) -> None:
        self._deps = deps
        self._queue_metrics = queue_metrics

    async def run(self) -> Mapping[str, Check]:
        """Every check by name."""
        probes: Mapping[str, Probe] = {
            "database": self._database,
            "redis": self._redis,
            "queue": self._queue,
            "instances": self._instances,
        }
        results = await asyncio.gather(*(self._timed(name, probe) for name, probe in probes.items()))
        return dict(zip(probes, results, strict=True))

    async def _timed(self, name: str, probe: Probe) -> Check:
        began_seconds = self._deps.clock.boot_seconds()
        status: Status = "unhealthy"
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                status, message = await probe()
        except _EXPECTED as error:
            log.warning("check_failed", check=name, error=repr(error))
            message = "does not answer"
        took_ms = (self._deps.clock.boot_seconds() - began_seconds) * 1000
        return Check(status=status, message=message, duration_ms=round(took_ms, 1))

    async def _database(self) -> tuple[Status, str]:
        off = abs(await seconds_off(self._deps.db, self._deps.clock))
        if off > MOST_OFF_SECONDS:
            return "unhealthy", f"this machine's clock is {off:.1f} s off the database's; mend it"
        return "healthy", "answers"

    async def _redis(self) -> tuple[Status, str]:
        await self._deps.queue.run_id()
        return "healthy", "answers"

    async def _queue(self) -> tuple[Status, str]:
        metrics = await self._queue_metrics.get()
        oldest_seconds, limit_seconds = metrics.oldest_waiting_seconds, self._deps.settings.backlog_limit_seconds
        if oldest_seconds > limit_seconds:
            return "degraded", f"the oldest message waits {oldest_seconds:.0f} s; {limit_seconds:.0f} s is the limit"
        return "healthy", f"the oldest message waits {oldest_seconds:.0f} s"

    async def _instances(self) -> tuple[Status, str]:
        await self._deps.book.refresh()
        now = self._deps.clock.now()
        words = Counter(status_of(instance, now) for instance in self._deps.book.all)
        if not words:
            return "degraded", "no instance is registered yet"
        counts = ", ".join(f"{count} {word}" for word, count in sorted(words.items()))
        return ("healthy" if set(words) == {"connected"} else "degraded"), counts


def checks_cache(deps: Deps, queue_metrics: Cached[QueueMetrics]) -> Cached[Mapping[str, Check]]:
    """The checks, at most a second old: a load balancer may ask as often as it likes."""
    return Cached(Checks(deps, queue_metrics).run, deps.clock, seconds=_CACHED_SECONDS)


def overall(checks: Mapping[str, Check]) -> Status:
    """Without the ledger (or before the start is done) nothing can be accepted; all else only degrades. Pure."""
    if any(checks[name].status == "unhealthy" for name in ("database", "startup") if name in checks):
        return "unhealthy"
    return "healthy" if all(check.status == "healthy" for check in checks.values()) else "degraded"


def _answer(deps: Deps, checks: Mapping[str, Check]) -> Response:
    status = overall(checks)
    uptime = (deps.clock.now() - deps.started_at).total_seconds()
    health = Health(status=status, version=deps.version, uptime_seconds=round(uptime, 1), checks=dict(checks))
    return answer(health, status=503 if status == "unhealthy" else 200)


Anyone = Annotated[Caller | None, Depends(open_to_all)]
_RESPONSES = documented(Health, 401) | {503: documented(Health)[200] | {"description": "Unhealthy: the same document"}}


@router.get("/health", summary="Is it well", responses=_RESPONSES)
async def get_health(request: Request, _caller: Anyone) -> Response:
    """Every check. 503 when messages cannot be accepted."""
    cache: Cached[Mapping[str, Check]] = request.app.state.checks
    return _answer(deps_of(request), await cache.get())


@router.get("/health/ready", summary="May work come in", responses=_RESPONSES)
async def get_ready(request: Request, _caller: Anyone) -> Response:
    """The same checks, and whether the process finished starting and has not begun to stop."""
    deps = deps_of(request)
    cache: Cached[Mapping[str, Check]] = request.app.state.checks
    reason = deps.ready()
    startup = Check(status="unhealthy" if reason else "healthy", message=reason or "done", duration_ms=0.0)
    return _answer(deps, {"startup": startup, **await cache.get()})


@router.get("/health/live", summary="Is the process alive", responses=documented(Health))
async def get_live(request: Request) -> Response:
    """Depends on nothing, and is never closed: a restart cannot mend a database."""
    return _answer(deps_of(request), {})
