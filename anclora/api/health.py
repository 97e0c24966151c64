"""GET /health, /health/ready, /health/live: is it well, may work come in, is the process alive."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import open_to_all
from anclora.api.cached import Cached
from anclora.api.deps import Deps, deps_of
from anclora.api.openapi import documented
from anclora.health import Check, Checked, Checks, Parts, Pulse, Status, overall
from anclora.messages.queue_view import QueueView

router = APIRouter(tags=["operations"])
_CACHED_SECONDS = 1.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `unhealthy` = messages cannot be accepted; `degraded` = accepted, and something needs a look."""

    status: Status
    version: str
    uptime_seconds: float
    checks: dict[str, Check]


def parts_of(deps: Deps, queue: Cached[QueueView]) -> Parts:
    """What the checks look at."""
    return Parts(
        db=deps.db,
        lanes=deps.queue,
        book=deps.book,
        settings=deps.settings,
        clock=deps.clock,
        pulse=deps.pulse or Pulse(deps.db, deps.settings, deps.clock),
        queue=queue.get,
    )


def checks_cache(deps: Deps, checks: Checks) -> Cached[Checked]:
    """The checks, at most a second old: a load balancer may ask as often as it likes."""
    return Cached(checks.run, deps.clock, seconds=_CACHED_SECONDS)


def answer_health(checks: Checked, *, version: str, started_at: datetime, now: datetime) -> Response:
    """The document, and the status it has."""
    status = overall(checks)
    uptime_seconds = round((now - started_at).total_seconds(), 1)
    health = Health(status=status, version=version, uptime_seconds=uptime_seconds, checks=dict(checks))
    return answer(health, status=503 if status == "unhealthy" else 200)


def _answer(deps: Deps, checks: Checked) -> Response:
    return answer_health(checks, version=deps.version, started_at=deps.started_at, now=deps.clock.now())


Anyone = Annotated[Caller | None, Depends(open_to_all)]
_RESPONSES = documented(Health, 401) | {503: documented(Health)[200] | {"description": "Unhealthy: the same document"}}


@router.get("/health", summary="Is it well", responses=_RESPONSES)
async def get_health(request: Request, _caller: Anyone) -> Response:
    """Every check. 503 when messages cannot be accepted."""
    cache: Cached[Checked] = request.app.state.checks
    return _answer(deps_of(request), await cache.get())


@router.get("/health/ready", summary="May work come in", responses=_RESPONSES)
async def get_ready(request: Request, _caller: Anyone) -> Response:
    """The same checks, and whether the process finished starting and has not begun to stop."""
    deps = deps_of(request)
    cache: Cached[Checked] = request.app.state.checks
    reason = deps.ready()
    if reason is None and not request.app.state.started:  # what was seen before would be said for a second more
        request.app.state.started = True
        cache.forget()
    startup = Check(status="unhealthy" if reason else "healthy", message=reason or "done", duration_ms=0.0)
    return _answer(deps, {"startup": startup, **await cache.get()})


@router.get("/health/live", summary="Is the process alive", responses=documented(Health))
async def get_live(request: Request) -> Response:
    """Depends on nothing, and is never closed: a restart cannot mend a database."""
    return _answer(deps_of(request), {})
