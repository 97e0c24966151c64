"""Servers on free loopback ports for the stand-ins, and requests by hand: how the stand-ins themselves are tested."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from anclora.cli import main

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[str, None]:
    """Serve every path by one handler; the address."""
    app = web.Application(client_max_size=20_000_000)
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def ask(url: str, **values: Any) -> tuple[int, Any]:
    """Post something; status and body, decoded when it is JSON."""
    async with aiohttp.ClientSession() as session, session.post(url, **values) as answer:
        text = await answer.text()
        return answer.status, (await answer.json() if answer.content_type == "application/json" else text)


def slower(seconds: int, body: Any = None) -> web.Response:
    """429, with how long to wait."""
    return web.json_response(body or {}, status=429, headers={"Retry-After": str(seconds)})


def hang_up(request: web.Request, trouble: str) -> None:
    """Done, and the answer never arrives, when the trouble is called `lost`."""
    if trouble == "lost" and request.transport is not None:
        request.transport.abort()


async def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Type a command while servers of this loop answer; the code it ends with."""
    monkeypatch.setattr(sys, "argv", ["anclora", *words])
    try:
        await asyncio.to_thread(main)
    except SystemExit as end:
        return int(end.code or 0)
    return 0
