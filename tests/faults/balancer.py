"""What stands in front of several API processes: each request goes to the next one that says it is ready."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator

import aiohttp
from aiohttp import web

from anclora.cli.home import free_port
from anclora.supervise import answers_200

_LOOK_SECONDS = 0.1
_BODY_BYTES = 1_000_000
# What belongs to one connection, and not to the request.
_OWN_HEADERS = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"}
)


class Balancer:
    """Where everybody asks.

    Attributes:
        url: its address.
        ports: the processes behind it.
        ready: those of them that get requests.
        answered: how many requests each has answered.
        bad: how many of these ended with 5xx, of callers of any kind.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.url = ""
        self.ports: list[int] = []
        self.ready: list[int] = []
        self.answered: Counter[int] = Counter()
        self.bad: Counter[int] = Counter()
        self._session = session
        self._turn = 0

    async def look(self, stop: asyncio.Event) -> None:
        """Ask every process whether it is ready, again and again."""
        while not stop.is_set():
            ports = tuple(self.ports)  # one may be added meanwhile
            answers = await asyncio.gather(*(answers_200(f"{_at(port)}/health/ready")() for port in ports))
            self.ready = [port for port, ready in zip(ports, answers, strict=True) if ready]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await stop.wait()

    async def pass_on(self, request: web.Request) -> web.Response:
        """One request; what goes wrong behind is not tried again, so that whoever asks sees it."""
        if not self.ready:
            return web.Response(status=503, text="nobody is ready")
        self._turn += 1
        port = self.ready[self._turn % len(self.ready)]
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS}
        try:
            async with self._session.request(
                request.method, _at(port) + request.path_qs, data=await request.read(), headers=headers
            ) as answer:
                body, status = await answer.read(), answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.bad[port] += 1
            return web.Response(status=502, text=repr(error))
        self.answered[port] += 1
        self.bad[port] += status >= 500
        return web.Response(status=status, body=body, content_type=answer.content_type)


def _at(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def balancer() -> AsyncGenerator[Balancer, None]:
    """One, with nobody behind it yet."""
    stop, port = asyncio.Event(), free_port()
    # A connection for each request: one kept open may be closed by a process that ends, just as it is used.
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0), timeout=aiohttp.ClientTimeout(total=30)
        ) as session,
        asyncio.TaskGroup() as tasks,
    ):
        made = Balancer(session)
        made.url = _at(port)
        app = web.Application(client_max_size=_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", made.pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        tasks.create_task(made.look(stop), name="look")
        try:
            yield made
        finally:
            stop.set()
            await runner.cleanup()
