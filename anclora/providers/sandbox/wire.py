"""The HTTP/1.1 server under the sandbox: keep-alive, and able to break a connection without an answer on purpose."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple, cast

import httptools
import msgspec

from anclora.kit.logging import get_logger
from anclora.providers.sandbox import bodies

log = get_logger(__name__)

_BODY_LIMIT_BYTES = 64_000_000
_PIPELINED = 16
_IDLE_SECONDS = 75.0
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)


class Request(NamedTuple):
    """One request.

    Attributes:
        target: path and query, still encoded.
        headers: lower-case names.
        gone: set when the client has closed the connection.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    gone: asyncio.Event
    keep_alive: bool = True


class Answer(NamedTuple):
    """What is answered; status 0 = nothing, the connection is reset; `cut` = it is, in the middle of the body."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False


RESET = Answer(0)
Handler = Callable[[Request], Awaitable[Answer]]


def json_answer(status: int, content: object) -> Answer:
    """An answer with JSON."""
    return Answer(status, msgspec.json.encode(content))


class _Connection(asyncio.Protocol):
    """One client. Requests are answered one after the other; a lost client does not stop the work for it."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self.transport: asyncio.Transport
        self.last_seen = 0.0

    @property
    def busy(self) -> bool:
        return self._task is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self.transport = cast("asyncio.Transport", transport)
        self.last_seen = self._server.loop.time()
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._gone.set()
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self.last_seen = self._server.loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse(400, "Bad Request")

    def on_message_begin(self) -> None:
        self._headers, self._body, self._size, self._target = {}, [], 0, b""

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > _BODY_LIMIT_BYTES:
            self._refuse(413, "request entity too large")
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self.transport.is_closing():
            return
        method = self._parser.get_method().decode()
        target = self._target.decode("latin-1")
        keep_alive = self._parser.should_keep_alive()
        body = b"".join(self._body)
        self._waiting.append(Request(method, target, self._headers, body, self._gone, keep_alive))
        if len(self._waiting) > _PIPELINED:
            self.transport.pause_reading()
        if self._task is None:
            self._task = self._server.own(self._serve())

    def _refuse(self, status: int, message: str) -> None:
        content = bodies.error(500, message) | {"status": status}
        self._write(json_answer(status, content), keep_alive=False, head=False)

    async def _serve(self) -> None:
        while self._waiting:
            request = self._waiting.popleft()
            if not self._waiting and not self.transport.is_closing():
                self.transport.resume_reading()
            try:
                answer = await self._server.handler(request)
            except Exception:  # the client gets the server's own words for an accident, the log the cause
                log.exception("sandbox_request_failed", method=request.method)
                answer = json_answer(500, bodies.error(500, "Internal Server Error"))
            self._write(answer, keep_alive=request.keep_alive, head=request.method == "HEAD")
        self._task = None

    def _write(self, answer: Answer, *, keep_alive: bool, head: bool) -> None:
        if self.transport.is_closing():
            return
        if answer.status == 0:
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
            self.transport.abort()
            return
        lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, '')}", "x-powered-by: Express"]
        if answer.body:
            kind = "text/html" if answer.body.startswith(b"<") else "application/json"
            lines.append(f"content-type: {kind}; charset=utf-8")
        if answer.status != 204:
            lines.append(f"content-length: {len(answer.body) + answer.cut}")
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if not keep_alive:
            lines.append("connection: close")
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if head else answer.body))
        if answer.cut or not keep_alive:
            self.transport.close()


class Server:
    """Listens, and owns every connection and every request being worked on."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.loop = asyncio.get_running_loop()
        self.connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def listen(self, host: str, port: int) -> int:
        """Start; returns the port (0 = a free one).

        Raises:
            OSError: the address is taken.
        """
        self._listener = await self.loop.create_server(lambda: _Connection(self), host, port, backlog=1024)
        self._sweep()
        return self._listener.sockets[0].getsockname()[1]

    def own(self, work: Awaitable[None]) -> "asyncio.Task[None]":
        """Run one piece of work that `close` ends."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Stop listening, break every connection, end every request."""
        if self._listener is not None:
            self._listener.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self.connections):
            connection.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _sweep(self) -> None:
        """Close connections nobody uses."""
        oldest = self.loop.time() - _IDLE_SECONDS
        for connection in list(self.connections):
            if connection.last_seen < oldest and not connection.busy:
                connection.transport.close()
        self._sweeper = self.loop.call_later(_IDLE_SECONDS / 4, self._sweep)
