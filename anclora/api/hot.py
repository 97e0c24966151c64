"""The doors that are used most go by a way of their own: no framework stands between the server and the endpoint.

FastAPI's layers cost a request more than all we do for it. What they give elsewhere is here too: the frame (request id,
metrics, the last net), expected failures as problem documents, and bounded bodies.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from anclora.api import messages, meta, webhooks
from anclora.api.errors import answer_error
from anclora.api.frame import Frame
from anclora.kit.errors import AncloraError

Endpoint = Callable[[Request], Awaitable[Response]]

WEBHOOKS = "/webhooks/evolution/"
# Tried in order by the framework for any other method, which is refused there.
ROUTES = (
    Route(f"{WEBHOOKS}{{instance:path}}", webhooks.post_evolution, methods=["POST"]),
    Route(meta.PATH, meta.post_meta, methods=["POST"]),
    Route("/api/v1/messages", messages.post_message, methods=["POST"]),
    Route("/api/v1/messages/bulk", messages.post_bulk, methods=["POST"]),
)
_EXACT = {route.path: route for route in ROUTES[1:]}


def route_of(scope: Scope) -> Route | None:
    """The hot door a request knocks at, its path's parameter noted in the scope; None = any other request."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path: str = scope["path"]
    if path.startswith(WEBHOOKS):
        scope["path_params"] = {"instance": path[len(WEBHOOKS) :]}
        return ROUTES[0]
    return _EXACT.get(path)


class HotDoors:
    """ASGI: serves what `route_of` knows.

    Args:
        app: what endpoints find as `request.app`.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._frame = Frame(self._serve)

    async def __call__(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        """One request for this route."""
        scope["app"], scope["route"] = self._app, route
        await self._frame(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint: Endpoint = scope["route"].endpoint
        try:
            response = await endpoint(Request(scope, receive))
        except AncloraError as error:
            response = answer_error(scope["path"], error)
        await response(scope, receive, send)
