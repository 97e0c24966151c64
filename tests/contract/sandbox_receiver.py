"""A webhook receiver that a test can wait on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

from aiohttp import web

WAIT_SECONDS = 10.0


class Receiver:
    """What came in, in order of arrival.

    Attributes:
        bodies: of the webhooks.
        raw: the same as bytes.
        headers: of the same ones.
        answers: statuses to answer with, one per webhook; 200 when used up.
    """

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        self._changed = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.Response:
        """Store one webhook."""
        raw, body = await request.read(), await request.json()
        async with self._changed:
            self.bodies.append(body)
            self.raw.append(raw)
            self.headers.append({name.lower(): value for name, value in request.headers.items()})
            self.paths.append(request.path_qs)
            status = self.answers.pop(0) if self.answers else 200
            self._changed.notify_all()
        return web.Response(status=status)

    def of(self, event: str) -> list[dict[str, Any]]:
        """The bodies of one event."""
        return [body for body in self.bodies if body["event"] == event]

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until something is true of what came in."""
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
            await self._changed.wait_for(done)


@contextlib.asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver, None]:
    """A receiver on loopback for the length of a block."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
