"""The application: every door, the frame around them, the description of them."""

import asyncio
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from anclora.api import (
    actions,
    alerts,
    analytics,
    capacity,
    contacts,
    conversations,
    conversion_sheets,
    conversions,
    dead_letters,
    drills,
    errors,
    gates,
    gestures,
    health,
    hook_deliveries,
    hooks,
    hot,
    inbound,
    incidents,
    instances,
    links,
    media,
    message_acts,
    messages,
    meta,
    metrics,
    notices,
    numbers,
    oncall,
    ops,
    queue,
    reports,
    retries,
    roster,
    silences,
    slack,
    templates,
    twilio,
    webhooks,
)
from anclora.api.deps import Deps
from anclora.api.frame import Frame
from anclora.api.openapi import describe
from anclora.health import Checks, Figures

_COLD = (
    health,
    queue,
    gates,
    metrics,
    instances,
    analytics,
    messages,
    dead_letters,
    retries,
    contacts,
    conversations,
    media,
    message_acts,
    gestures,
    numbers,
    inbound,
    meta,
    templates,
    hook_deliveries,
    hooks,
    conversion_sheets,  # before the other: its paths would be read as ids there
    conversions,
    links,
    reports,
    notices,
    slack,
    twilio,
    incidents,
    actions,
    silences,
    oncall,
    roster,
    alerts,
    drills,
    ops,
    capacity,
)


class Api(FastAPI):
    """FastAPI beside the hot doors, which are in its description too."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, by the short way or the long one."""
        route = hot.route_of(scope)
        if route is None:
            await super().__call__(scope, receive, send)
        else:
            await self.state.hot(route, scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self, {**messages.HOT_PATHS, **webhooks.HOT_PATHS, **meta.HOT_PATHS})
        return self.openapi_schema


def create_app(deps: Deps) -> FastAPI:
    """The API over parts that are running; whoever made them ends them."""
    app = Api(title="Anclora", version=deps.version, redoc_url=None, redirect_slashes=False)
    app.state.deps = deps
    app.state.queue_metrics = queue.queue_cache(deps)
    parts = health.parts_of(deps, app.state.queue_metrics)
    checks = Checks(parts)
    app.state.checks = health.checks_cache(deps, checks)
    app.state.started = False
    app.state.scrape = metrics.Scrape(deps, app.state.checks, Figures(parts, checks))
    app.state.gathering = asyncio.Lock()
    app.state.unknown_numbers = set[str]()
    app.state.hot = hot.HotDoors(app)
    app.router.routes[:0] = hot.ROUTES  # first in the list: routes are tried one after the other
    for door in _COLD:
        app.include_router(door.router)
    errors.install(app)
    app.add_middleware(Frame)
    return app
