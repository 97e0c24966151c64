"""A TCP proxy a test can hold still, as a network that drops every packet does, and let go again."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit, urlunsplit

_CHUNK_BYTES = 65_536


class Wire:
    """What lies between one process and one server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._flow = asyncio.Event()
        self._flow.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0

    def hold(self) -> None:
        """From now on nothing passes, either way; connections stand, and new ones are taken and hear nothing."""
        self._flow.clear()

    def let_go(self) -> None:
        """Everything passes again, what was held first."""
        self._flow.set()

    def through(self, url: str) -> str:
        """The same address by way of this wire."""
        parts = urlsplit(url)
        login, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{login}{at}127.0.0.1:{self.port}"))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(_CHUNK_BYTES):
                await self._flow.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass  # the other side is gone: so is this one
        finally:
            sink.close()

    async def close(self) -> None:
        """End what still stands."""
        for task in self._pumps:
            task.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)


@contextlib.asynccontextmanager
async def wire_to(url: str) -> AsyncGenerator[Wire, None]:
    """A wire to the server of an address."""
    wire = Wire(urlsplit(url).port or 0)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
        await server.wait_closed()
