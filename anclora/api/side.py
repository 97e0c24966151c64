"""The side door of a process without doors: what it counts, and that it is alive, for whoever watches it."""

from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anclora.api.health import answer_health
from anclora.api.metrics import CONTENT_TYPE
from anclora.health import Check
from anclora.kit.clock import Clock
from anclora.kit.metrics import exposition


def create_side_app(*, version: str, started_at: datetime, clock: Clock, ready: Callable[[], str | None]) -> Starlette:
    """The application of the side door; it asks nobody anything, since the doors tell of the whole installation."""

    async def get_metrics(_request: Request) -> Response:
        return Response(exposition(), headers={"content-type": CONTENT_TYPE})

    async def get_live(_request: Request) -> Response:
        return answer_health({}, version=version, started_at=started_at, now=clock.now())

    async def get_ready(_request: Request) -> Response:
        reason = ready()
        startup = Check(status="unhealthy" if reason else "healthy", message=reason or "done", duration_ms=0.0)
        return answer_health({"startup": startup}, version=version, started_at=started_at, now=clock.now())

    return Starlette(
        routes=[
            Route("/metrics", get_metrics),
            Route("/health/live", get_live),
            Route("/health/ready", get_ready),
        ]
    )
