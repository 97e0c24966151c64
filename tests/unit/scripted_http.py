"""A loopback HTTP server that does with each request what its script says, and counts what it saw."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

WAIT_SECONDS = 5.0


@dataclass
class Request:
    """One request as it arrived."""

    head: str
    body: bytes
    connection: int


@dataclass
class Scripted:
    """The server: `script` is used up one action per request, the last one stays."""

    script: list[Callable[["Scripted", asyncio.StreamWriter, Request], Awaitable[None]]]
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    read_body: bool = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection until either side closes it."""
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    (int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0
                )
                body = await reader.readexactly(length) if self.read_body else b""
                request = Request(head, body, number)
                self.requests.append(request)
                self.arrived.set()
                action = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                await action(self, writer, request)
                if writer.is_closing():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.gone.set()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def answer(
    body: bytes = b"{}", *, status: str = "201 Created", headers: str = "", close: bool = False
) -> Callable[[Scripted, asyncio.StreamWriter, Request], Awaitable[None]]:
    """An ordinary answer with a length; `close` closes afterwards without having said so."""
    return raw(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body, close=close)


def raw(data: bytes, *, close: bool = False) -> Callable[[Scripted, asyncio.StreamWriter, Request], Awaitable[None]]:
    """Exactly these bytes."""

    async def act(_server: Scripted, writer: asyncio.StreamWriter, _request: Request) -> None:
        writer.write(data)
        await writer.drain()
        if close:
            writer.close()

    return act


async def reset(_server: Scripted, writer: asyncio.StreamWriter, _request: Request) -> None:
    """End the connection the hard way."""
    writer.transport.abort()


async def hold(server: Scripted, writer: asyncio.StreamWriter, request: Request) -> None:
    """Say nothing until `release` is set, then answer."""
    async with asyncio.timeout(WAIT_SECONDS):
        await server.release.wait()
    await answer(request.body)(server, writer, request)


@contextlib.asynccontextmanager
async def scripted(
    *script: Callable[[Scripted, asyncio.StreamWriter, Request], Awaitable[None]], tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Scripted, None]:
    """Run the server for the length of a block."""
    state = Scripted(list(script))
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0, ssl=tls)
    state.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        state.release.set()
        server.close()


async def within(event: asyncio.Event) -> None:
    """Wait for an event, bounded."""
    async with asyncio.timeout(WAIT_SECONDS):
        await event.wait()


def on_both_loops(scenario: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[str], None]:
    """Make a test of a scenario: once on asyncio's loop and once on uvloop, which serves in production."""

    @pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
    def test(loop: str) -> None:
        (uvloop.run if loop == "uvloop" else asyncio.run)(scenario())

    test.__name__ = scenario.__name__
    test.__doc__ = scenario.__doc__
    return test
