"""The short way of webhooks: below the framework, between the server's parser and the ledger, without a task.

A message has four webhooks, and what a server does around each of them costs several times what we do for it. So a
request that came whole, at an idle connection, to a known number with its secret, is handed over where it is parsed,
and answered where its commit ends. Anything else (a slow or large body, a wrong secret, no JSON, a proxy's peculiarity)
goes the ordinary way with all its words; nothing is refused here.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any, cast
from urllib.parse import unquote

from structlog.contextvars import bound_contextvars
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from anclora.api import hot, webhooks
from anclora.api.deps import Deps
from anclora.api.errors import answer_defect, answer_error
from anclora.api.frame import HEADERS, given_id, instruments
from anclora.api.metrics import WEBHOOKS
from anclora.kit.errors import AncloraError
from anclora.kit.ids import new_id_text
from anclora.kit.logging import get_logger

log = get_logger(__name__)
_PREFIX = hot.WEBHOOKS.encode()
_ROUTE = hot.ROUTES[0].path
_SECRET = webhooks.SECRET_HEADER.lower().encode()
_STORED = b"HTTP/1.1 200 OK\r\n" + b"".join(
    b"%b: %b\r\n" % header for header in (*webhooks.STORED.raw_headers, *HEADERS)
)
_BODY = bytes(webhooks.STORED.body)
_OK = WEBHOOKS.labels("ok")
_FAILED = WEBHOOKS.labels("unavailable")


class _Open:
    """A request that is being answered here, as the server's own code wants to see it."""

    message_event = asyncio.Event()  # nobody waits for it: one for all
    response_complete = False
    disconnected = False
    keep_alive = True

    def __init__(self, path: str, request_id: str | None) -> None:
        self.path = path
        self.request_id = request_id or new_id_text()
        self.began_seconds = perf_counter()


class HotProtocol(HttpToolsProtocol):
    """The server's protocol for one connection, with the short way in front of it.

    Args:
        deps: what the doors need.
        server: what the server gives its protocols.
    """

    def __init__(self, deps: Deps, **server: Any) -> None:
        super().__init__(**server)
        self._deps = deps
        self._held: list[bytes] | None = None  # the body of a request that may go the short way

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer."""
        super().data_received(data)
        if self._held is not None:  # its rest comes later
            self._go_on()

    def on_headers_complete(self) -> None:
        """The parser's word."""
        if self.url.startswith(_PREFIX) and self._may_be_short():
            self._held = []
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The parser's word."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held.append(body)

    def on_message_complete(self) -> None:
        """The parser's word."""
        if self._held is not None:
            if self._taken(b"".join(self._held)):
                self._held = None
                return
            self._go_on()
        super().on_message_complete()

    def _may_be_short(self) -> bool:
        parser, last = self.parser, cast(_Open | None, self.cycle)
        return (
            (last is None or last.response_complete)
            and parser is not None
            and parser.get_method() == b"POST"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
        )

    def _go_on(self) -> None:
        """The ordinary way, from where it would have begun."""
        held, self._held = self._held or [], None
        super().on_headers_complete()
        for piece in held:
            super().on_body(piece)

    def _taken(self, body: bytes) -> bool:
        path = self.url.decode("ascii")
        name = unquote(path[len(_PREFIX) :]) if "%" in path else path[len(_PREFIX) :]
        headers = dict(self.headers)
        request = _Open(path, given_id(headers))
        try:
            future = webhooks.take(self._deps, name, headers.get(_SECRET, b"").decode("latin-1"), body)
        except Exception:  # the ordinary way has words for it, and a net under it
            log.exception("short_way_failed")
            return False
        if future is None:
            return False
        self.cycle = request  # pyright: ignore[reportAttributeAccessIssue] - it has what is asked of it
        future.add_done_callback(partial(self._answer, request))
        return True

    def _answer(self, request: _Open, stored: "asyncio.Future[None]") -> None:
        request.response_complete = True
        error = asyncio.CancelledError() if stored.cancelled() else stored.exception()
        code = HTTPStatus.OK.value
        if error is None:
            _OK.inc()
            head, body = _STORED, _BODY
        else:
            _FAILED.inc()
            code, head, body = _refused(request, error)
        count, seconds = instruments(_ROUTE, str(code))
        count.inc()
        seconds.observe(perf_counter() - request.began_seconds)
        if request.disconnected or self.transport.is_closing():
            return
        ours = b"" if request.keep_alive else b"connection: close\r\n"
        server = b"".join(b"%b: %b\r\n" % header for header in self.server_state.default_headers)
        known_as = b"x-request-id: %b\r\n" % request.request_id.encode()
        self.transport.write(b"".join((head, ours, server, known_as, b"\r\n", body)))
        if not request.keep_alive:
            self.transport.close()
        self.on_response_complete()


def protocol_of(deps: Deps) -> type[asyncio.Protocol]:
    """What the server is told to make for each connection."""
    return cast(type[asyncio.Protocol], partial(HotProtocol, deps))


def _refused(request: _Open, error: BaseException) -> tuple[int, bytes, bytes]:
    """Status, head and body of what could not be stored."""
    with bound_contextvars(request_id=request.request_id):
        if isinstance(error, AncloraError):
            response = answer_error(request.path, error)
        else:
            log.error("request_defect", path=request.path, method="POST", exc_info=error)
            response = answer_defect(request.path, request.request_id)
    lines = [b"HTTP/1.1 %d %b\r\n" % (response.status_code, HTTPStatus(response.status_code).phrase.encode())]
    lines += [b"%b: %b\r\n" % header for header in (*response.raw_headers, *HEADERS)]
    return response.status_code, b"".join(lines), bytes(response.body)
