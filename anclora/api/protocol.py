"""The short way of webhooks: below the framework, between the server's parser and the ledger, without a task.

A message has four webhooks, and what a server does around each of them costs several times what we do for it. So a
request that came whole, at an idle connection, to a known number with its secret, is handed over where it is parsed,
and answered where its commit ends; its head is read by the server's parser the first time only (`heads`). Anything else
(a slow or large body, a wrong secret, no JSON, a proxy's peculiarity) goes the ordinary way with all its words; nothing
is refused here.
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
from anclora.api.heads import Head, Heads
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
_HEADS = Heads()


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
        self._between = True  # the parser waits for the first byte of a request
        self._read: bytes | None = None  # what it reads, if that began between two
        self._rests_from_seconds = 0.0

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer."""
        if self._between and self._is_idle():
            found = _HEADS.find(data)
            if found is not None and self._taken(*found, None):
                return
            self._read = data
        super().data_received(data)
        self._read = None
        if self._held is not None:  # its rest comes later
            self._go_on()

    def on_message_begin(self) -> None:
        """The parser's word."""
        self._between = False
        super().on_message_begin()

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
        self._between = True
        if self._held is not None:
            head, body, headers = self._head(), b"".join(self._held), dict(self.headers)
            head = Head(*head, headers.get(_SECRET, b"").decode("latin-1"))
            request_id = given_id(headers)
            if self._taken(head, body, request_id):
                self._held = None
                if self._read is not None and b"x-request-id" not in headers:
                    _HEADS.learn(self._read, head)
                return
            self._go_on()
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came for a while, since the timer was set: not anew after each webhook."""
        self.timeout_keep_alive_task = None
        rest = self._rests_from_seconds + self.timeout_keep_alive - self.loop.time()
        if self._is_idle():
            if rest > 0:
                self.timeout_keep_alive_task = self.loop.call_later(rest, self.timeout_keep_alive_handler)
            else:
                super().timeout_keep_alive_handler()

    def _is_idle(self) -> bool:
        last = cast(_Open | None, self.cycle)
        return last is None or last.response_complete

    def _may_be_short(self) -> bool:
        parser = self.parser
        return (
            self._is_idle()
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

    def _head(self) -> tuple[str, str]:
        path = self.url.decode("ascii")
        name = path[len(_PREFIX) :]
        return path, unquote(name) if "%" in name else name

    def _taken(self, head: Head, body: bytes, request_id: str | None) -> bool:
        request = _Open(head.path, request_id)
        try:
            future = webhooks.take(self._deps, head.name, head.secret, body)
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
        self._rest()

    def _rest(self) -> None:
        """Until the next request."""
        if self.pipeline or self.transport.is_closing():
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._rests_from_seconds = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )


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
