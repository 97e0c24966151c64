"""One keep-alive HTTP/1.1 connection to a webhook receiver: lean, because four webhooks follow every message."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import httptools


class Origin(NamedTuple):
    """Where a connection leads."""

    host: str
    port: int
    tls: bool


def origin_of(url: str) -> Origin | None:
    """The origin of an address; None for what the server silently never calls."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    tls = parts.scheme == "https"
    return Origin(parts.hostname, port or (443 if tls else 80), tls)


def post_request(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A whole POST with JSON, the headers of the server's own client (recorded) and the configured ones."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"POST {path} HTTP/1.1",
        f"host: {parts.netloc.rpartition('@')[2]}",
        "accept: application/json, text/plain, */*",
        "content-type: application/json",
        "user-agent: axios/1.13.2",
        "accept-encoding: gzip, compress, deflate, br",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a webhook header holds a line break")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Line(asyncio.Protocol):
    """A connection that takes one request at a time."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None

    @property
    def usable(self) -> bool:
        """Whether a request can be tried on it."""
        return self._transport is not None and not self._transport.is_closing()

    async def post(self, request: bytes) -> int:
        """Send a whole request and return the status of the answer.

        Raises:
            OSError: the connection broke before the answer was complete.
        """
        if self._transport is None:
            raise ConnectionResetError("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._answer = None

    def close(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer came."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_message_complete(self) -> None:
        """The answer is complete."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(self._parser.get_status_code())
        if not self._parser.should_keep_alive():
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; whoever waits for an answer learns it."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError(str(exc or "closed by the receiver")))


async def connect(origin: Origin) -> Line:
    """Open a connection.

    Raises:
        OSError: nobody listens there.
    """
    context = ssl.create_default_context() if origin.tls else None
    loop = asyncio.get_running_loop()
    _transport, line = await loop.create_connection(lambda: Line(origin), origin.host, origin.port, ssl=context)
    return line
