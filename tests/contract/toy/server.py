"""The toy's server on a real socket: takes words, tells what became of them, and fails by the words it is given."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
from aiohttp import web

KEY, NUMBER = "toy-key", "toy-1"


class ToyServer:
    """What went out, and where its webhooks go."""

    def __init__(self) -> None:
        self.out: list[tuple[str, str]] = []
        self.url = self.hook = ""

    async def handle(self, request: web.Request) -> web.Response:
        if request.headers.get("x-toy-key") != KEY:
            return web.json_response({"no": "key"}, status=401)
        if request.path == "/numbers":
            return web.json_response({"numbers": [NUMBER]})
        body = await request.json()
        if request.path == "/hook":
            self.hook = body["url"]
            return web.json_response({})
        if body["text"] in ("nobody", "busy"):
            return web.json_response({"no": body["text"]}, status=400)
        self.out.append((body["to"], body["text"]))
        if body["text"] == "no answer" and request.transport is not None:
            request.transport.abort()
        if body["text"] == "no name":
            return web.json_response({})
        name = f"T{len(self.out)}"
        for rank in (1, 2, 3):
            await self.tell({"receipt": name, "rank": rank, "ref": body["ref"]})
        return web.json_response({"id": name})

    async def tell(self, event: dict[str, Any]) -> None:
        if self.hook:
            async with aiohttp.ClientSession() as session, session.post(self.hook, json=event) as answer:
                await answer.read()


@contextlib.asynccontextmanager
async def running_toy() -> AsyncGenerator[ToyServer, None]:
    server = ToyServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()
