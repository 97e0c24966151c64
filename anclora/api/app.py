"""The application: every door, the frame around them, the description of them."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from anclora.api import (
    analytics,
    contacts,
    dead_letters,
    errors,
    gates,
    health,
    instances,
    messages,
    metrics,
    queue,
    webhooks,
)
from anclora.api.deps import Deps
from anclora.api.frame import Frame
from anclora.api.openapi import describe


class HotRoute(Route):
    """A plain route: no dependency graph between the request and its endpoint. Its path is known to the metrics."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Starlette's own decision, with the route noted in the scope as FastAPI does."""
        match, child_scope = super().matches(scope)
        if match is not Match.NONE:
            child_scope["route"] = self
        return match, child_scope


_HOT: tuple[tuple[str, Callable[[Request], Awaitable[Response]]], ...] = (
    ("/webhooks/evolution/{instance:path}", webhooks.post_evolution),
    ("/api/v1/messages", messages.post_message),
    ("/api/v1/messages/bulk", messages.post_bulk),
)
_COLD = (health, queue, gates, metrics, instances, analytics, messages, dead_letters, contacts)


class Api(FastAPI):
    """FastAPI with the hot routes in its description."""

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self, {**messages.HOT_PATHS, **webhooks.HOT_PATHS})
        return self.openapi_schema


def create_app(deps: Deps) -> FastAPI:
    """The API over parts that are running; whoever made them ends them."""
    app = Api(title="Anclora", version=deps.version, redoc_url=None, redirect_slashes=False)
    app.state.deps = deps
    app.state.queue_metrics = queue.queue_cache(deps)
    app.state.checks = health.checks_cache(deps, app.state.queue_metrics)
    app.state.error_rate = metrics.error_rate_cache(deps)
    # First in the list: routes are tried one after the other.
    app.router.routes[:0] = [HotRoute(path, endpoint, methods=["POST"]) for path, endpoint in _HOT]
    for door in _COLD:
        app.include_router(door.router)
    errors.install(app)
    app.add_middleware(Frame)
    return app
