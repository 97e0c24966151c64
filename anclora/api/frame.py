"""The frame around every request: its id, its metrics, and the last net under what nobody expected."""

import re
from collections.abc import Mapping
from functools import lru_cache
from time import perf_counter

from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from anclora.api.answers import READS_BODIES
from anclora.api.errors import answer_defect
from anclora.api.metrics import HTTP_REQUESTS, HTTP_SECONDS
from anclora.kit import tracing
from anclora.kit.ids import new_id_text
from anclora.kit.logging import get_logger

log = get_logger(__name__)

HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
_HUNG_UP = "499"  # nginx's word for a caller who left before the answer


class Frame:
    """ASGI middleware; plain, because the hot routes pass through it too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = given_id(dict(scope["headers"])) or new_id_text()
        code = ""

        async def framed(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = str(message["status"])
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                    *HEADERS,
                ]
            await send(message)

        began = perf_counter()
        traced = None if tracing.active is None else _traced(tracing.active, scope)
        READS_BODIES.set(False)
        bind_contextvars(request_id=request_id)  # the server runs each request in a task, so a context, of its own
        try:
            await self._app(scope, receive, framed)
        except ClientDisconnect:
            code = code or _HUNG_UP
        except Exception:
            log.exception("request_defect", path=scope["path"], method=scope["method"])
            if code:
                raise  # the answer has begun: only a cut connection can tell the caller
            await answer_defect(scope["path"], request_id)(scope, receive, framed)
        finally:
            route, code = getattr(scope.get("route"), "path", "none"), code or "500"
            count, seconds = instruments(route, code)
            count.inc()
            seconds.observe(perf_counter() - began)
            if traced is not None:
                about = {"http.route": route, "http.response.status_code": code, "anclora.request_id": request_id}
                traced.end(f"{scope['method']} {route}", {"http.request.method": scope["method"], **about})


def _traced(traces: tracing.Traces, scope: Scope) -> tracing.RequestSpan | None:
    given = dict(scope["headers"]).get(b"traceparent")
    traced = traces.request(given.decode("latin-1") if given else None)
    tracing.REQUEST.set(traced)  # a context of its own, as above: the messages it makes are linked to it
    return traced


@lru_cache(maxsize=1_000)
def instruments(route: str, code: str) -> tuple[Counter, Histogram]:
    """What counts and times the requests of a route that end with a status."""
    return HTTP_REQUESTS.labels(route, code), HTTP_SECONDS.labels(route)


def given_id(headers: Mapping[bytes, bytes]) -> str | None:
    """The request id the caller gave, if it is a harmless one."""
    given = headers.get(b"x-request-id")
    return str(given, "ascii") if given and _REQUEST_ID.match(given) else None
