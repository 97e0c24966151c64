"""`Poster`: the lean keep-alive transport of the hot send, which knows whether a byte of a request left.

HTTP/1.1 POST only; proxy, redirects, HTTP/2 and streaming stay with aiohttp (`kit/wire.py`). Nothing is sent twice.
"""

import asyncio
import re
import select
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import httptools

from anclora.kit.errors import InvalidError
from anclora.kit.wire import Answer, MaybeSent, NotSent, Result, not_reached, shown_url

_VALUE = re.compile(r"[\t -~]*")


class Connection(asyncio.Protocol):
    """One connection, one request at a time; what becomes of it is the result of the future of `exchange`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, body_limit_bytes: int) -> None:
        self._loop = loop
        self._limit = body_limit_bytes + 65_536  # room for the head
        self._transport: asyncio.WriteTransport | None = None
        self._future: asyncio.Future[Result] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._poll = select.poll()
        self._parser: Any = httptools.HttpResponseParser(self)  # kept: to make one costs as much as to read an answer
        self._reset()
        self.idle_since = loop.time()

    def free(self, *, ask_kernel: bool = False) -> bool:
        """Whether it stands and has no request. The kernel knows of a close or stray byte the loop has not seen yet."""
        return self._transport is not None and self._future is None and not (ask_kernel and self._poll.poll(0))

    def exchange(self, head: bytes, body: bytes, timeout_seconds: float) -> asyncio.Future[Result]:
        """Write one request and promise its result: from here on never `NotSent`. Needs `free`."""
        self._future = future = self._loop.create_future()
        self._reset()
        self._timer = self._loop.call_later(timeout_seconds, self._fail, "timeout", "no answer in time")
        cast(asyncio.WriteTransport, self._transport).write(head + body)
        return future

    def abort(self) -> None:
        """Close at once, without waiting for what is buffered."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio: it stands."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Asyncio: bytes came. Bytes nobody asked for make the connection useless."""
        self._received += len(data)
        if self._future is None:
            self.abort()
        elif self._received > self._limit:
            self._fail("too_large", "the answer is larger than allowed")
        else:
            try:
                self._parser.feed_data(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
                self._fail("garbled", f"the answer is not HTTP/1.1: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio: it ended. An answer without a length is whole now, anything else is cut off."""
        self._transport = None
        if exc is None and self._ends_with_close:
            self._finish()
        else:
            self._fail("reset", f"the connection ended before a whole answer ({exc or 'closed by the server'})")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Httptools: one header."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Httptools: the head is whole; without a length the body goes on until the server closes."""
        self._ends_with_close = not {b"content-length", b"transfer-encoding"} & {name for name, _ in self._headers}

    def on_body(self, body: bytes) -> None:
        """Httptools: a piece of the body."""
        self._body.append(body)

    def on_message_begin(self) -> None:
        """Httptools: an answer begins. After ours was whole it is nobody's, and the connection is out of step."""
        if self._future is None:
            self.abort()

    def on_message_complete(self) -> None:
        """Httptools: an answer is whole. 1xx only announce one."""
        if self._parser.get_status_code() < 200:
            return self._reset()
        if self._transport and (not self._parser.should_keep_alive() or self._transport.get_write_buffer_size()):
            self.abort()  # told to close, or answered before the request was wholly out
        return self._finish()

    def _reset(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._received = 0
        self._ends_with_close = False

    def _fail(self, code: str, reason: str) -> None:
        self.abort()
        self._finish(MaybeSent(code, reason))

    def _finish(self, failure: MaybeSent | None = None) -> None:
        future, self._future = self._future, None
        if future is not None and self._timer is not None:
            self._timer.cancel()
            self.idle_since = self._loop.time()
            if not future.done():
                status = self._parser.get_status_code()
                future.set_result(failure or Answer(status, b"".join(self._body), self._headers))


class Poster:
    """A bounded pool of connections to one origin; callers beyond the bound wait in line, first come first served.

    Args:
        url: scheme, host, port and an optional path prefix of every request.
        headers: sent with every request, for example the key.
        connections: open at most.
        waiting: callers in line at most; the next one gets `NotSent` at once.
        connect_timeout_seconds: for DNS, TCP and TLS together.
        idle_seconds: unused for longer = not used again; Node closes after 5 s (server.keepAliveTimeout).
        body_limit_bytes: of one answer.
        tls: for https; the system's trust by default.

    Raises:
        InvalidError: the URL or a header cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        connections: int = 64,
        waiting: int = 10_000,
        connect_timeout_seconds: float = 5.0,
        idle_seconds: float = 4.0,
        body_limit_bytes: int = 8_000_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts, self._shown = urlsplit(url), shown_url(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidError(f"{self._shown!r} is no http(s) address.")
        self._address = (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._prefix = parts.path.rstrip("/")
        fixed = {"host": parts.netloc.rpartition("@")[2], "accept-encoding": "identity"}
        every = fixed | {"content-type": "application/json"} | dict(headers or {})
        if not all(_VALUE.fullmatch(value) for value in every.values()):
            raise InvalidError("A header value has a character that HTTP does not allow.")
        lines = "".join(f"{name}: {value}\r\n" for name, value in every.items())
        self._rest = f" HTTP/1.1\r\n{lines}content-length: "
        self._slots, self._waiting, self._body_limit = connections, waiting, body_limit_bytes
        self._connect_timeout, self._idle_seconds = connect_timeout_seconds, idle_seconds
        self._idle, self._line = list[Connection](), deque[asyncio.Future[None]]()

    async def post(
        self, target: str, body: bytes, *, timeout_seconds: float, headers: Mapping[str, str] | None = None
    ) -> Result:
        """One POST, once, to a percent-encoded target. The time-out bounds all: line, connecting, writing, answer.

        Args:
            target: path and query.
            body: as it is sent.
            timeout_seconds: for everything.
            headers: of this request only, for example a signature.
        """
        own = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        if self._slots > 0:
            self._slots -= 1
        elif not await self._turn(timeout_seconds):
            return NotSent("busy", f"no connection to {self._shown} became free in time")
        connection: Connection | None = None
        try:
            connection = self._reusable(loop.time())
            if connection is None:
                opened = await self._connect(loop, min(self._connect_timeout, deadline - loop.time()))
                if isinstance(opened, NotSent):
                    return opened
                connection = opened
            head = f"POST {self._prefix}{target}{self._rest}{len(body)}\r\n{own}\r\n".encode()
            return await connection.exchange(head, body, deadline - loop.time())
        finally:
            self._release(connection)

    async def close(self) -> None:
        """Drop the idle connections. Open requests end by themselves, so stop the callers first."""
        while self._idle:
            self._idle.pop().abort()
        await asyncio.sleep(0)  # the transports tell their end in the next round of the loop

    async def _turn(self, timeout_seconds: float) -> bool:
        """Stand in line; True = a slot was handed over."""
        if len(self._line) >= self._waiting:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(timeout_seconds):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if not turn.cancelled():  # handed over in this very moment
                self._release(None)
            elif turn in self._line:
                self._line.remove(turn)
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def _release(self, connection: Connection | None) -> None:
        """Keep or drop the connection and hand the slot to the first who still waits."""
        if connection is not None and connection.free():
            self._idle.append(connection)
        elif connection is not None:
            connection.abort()
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._slots += 1

    def _reusable(self, now: float) -> Connection | None:
        """The connection used last that surely still stands."""
        while self._idle:
            connection = self._idle.pop()
            if now - connection.idle_since <= self._idle_seconds and connection.free(ask_kernel=True):
                return connection
            connection.abort()
        return None

    async def _connect(self, loop: asyncio.AbstractEventLoop, timeout_seconds: float) -> Connection | NotSent:
        connection = Connection(loop, self._body_limit)
        try:
            async with asyncio.timeout(timeout_seconds):
                await loop.create_connection(lambda: connection, *self._address, ssl=self._tls)
        except (OSError, UnicodeError, asyncio.CancelledError) as error:  # time-outs, TLS and DNS raise OSErrors
            connection.abort()
            if isinstance(error, asyncio.CancelledError):
                raise
            return not_reached(self._shown, error)
        return connection if connection.free() else NotSent("closed", f"{self._shown} closed the connection at once")
