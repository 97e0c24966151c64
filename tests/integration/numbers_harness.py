"""A number of a server that behaves as the real one, its webhooks applied as they come, everything run by hand."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from messages_harness import Stage, send_round, stage
from redis.asyncio import Redis

from anclora.audit import recent
from anclora.inbound.apply import apply
from anclora.inbound.model import deliver
from anclora.instances import status_of
from anclora.instances.watch import Watch
from anclora.kit.clock import SystemClock
from anclora.messages.dispatch import Dispatcher
from anclora.messages.mend import Mender
from anclora.providers.contract import ReceiptEvent
from anclora.providers.evolution import EvolutionProvider
from anclora.providers.sandbox import Sandbox, Script, read_witness, running_sandbox
from anclora.providers.sandbox.script import Number, Receipts
from anclora.storage.database import Database
from tests.waiting import eventually

KEY = "the-global-key"
_QUICK = Receipts(server_ack_ms=(0, 0), delivery_ms=(0, 0), read_share=0.0)


class Watched(EvolutionProvider):
    """The real provider, which remembers what it was asked beside sends."""

    def __init__(self, url: str) -> None:
        super().__init__(url, KEY, clock=SystemClock())
        self.asked: list[str] = []
        for call in ("connect", "restart", "logout", "delete"):
            setattr(self.numbers, call, self._noted(call, getattr(self.numbers, call)))

    def _noted(self, call: str, real: Any) -> Any:
        async def noting(*args: Any, **named: Any) -> Any:
            self.asked.append(call)
            return await real(*args, **named)

        return noting

    async def find_receipt(self, instance: str, provider_id: str) -> ReceiptEvent | None:
        self.asked.append("look_up")
        return await super().find_receipt(instance, provider_id)


class Town:
    """The number `sales`, the server that has it, and those who look after it."""

    def __init__(self, here: Stage, sandbox: Sandbox, provider: Watched, dispatcher: Dispatcher, seen: Path) -> None:
        self.here = here
        self.sandbox = sandbox
        self.provider = provider
        self.dispatcher = dispatcher
        self.seen = seen
        self.people = 0
        self.watch = self.another_watch()
        self.mender = self.another_mender()

    def another_watch(self) -> Watch:
        here = self.here
        return Watch(here.db, here.providers, here.book, here.settings, here.clock)

    def another_mender(self) -> Mender:
        here = self.here
        return Mender(here.db, here.queue, here.providers, here.book, here.settings, here.clock)

    async def send(self, *texts: str, acknowledged: bool = True) -> None:
        """Messages go out; they are acknowledged, if the number is alive."""
        for text in texts:
            self.people += 1
            await self.here.accept(text, to=f"+346001112{self.people:02d}")
        await self.round()
        if acknowledged:
            await eventually(self._all_acknowledged)

    async def round(self) -> None:
        """What may go goes; the worker is alive, however much time a test let pass."""
        await self.dispatcher._worker.run_once()
        await send_round(self.dispatcher)

    async def _all_acknowledged(self) -> bool:
        waiting = "select from provider_messages where acked_at is null and message_id is not null"
        return await self.here.db.fetch_one(waiting) is None

    async def control(self, verb: str, body: dict[str, Any]) -> None:
        """Something happens to the number at the server."""
        url = f"{self.sandbox.url}/sandbox/instances/sales/{verb}"
        async with aiohttp.ClientSession() as session, session.post(url, json=body, headers={"apikey": KEY}) as done:
            assert done.status == 200, await done.text()

    async def opens_there(self) -> None:
        """The server says it is open."""

        async def there() -> bool:
            return self.sandbox.world.instances["sales"].state == "open"

        await eventually(there)

    async def becomes(self, state: str) -> None:
        """The server says so, and we have heard of it."""

        async def there() -> bool:
            row = await self.here.db.fetch_one("select state from instances where name = 'sales'")
            return self.sandbox.world.instances["sales"].state == state and row is not None and row["state"] == state

        await eventually(there)

    async def becomes_logged_out(self) -> None:
        """We have heard that the pairing is over."""

        async def there() -> bool:
            return (await self.row())["state"] == "logged_out"

        await eventually(there)

    async def status(self) -> str:
        """The word people read."""
        await self.here.book.refresh(newer_than_seconds=self.here.clock.boot_seconds() + 1)
        return status_of(self.here.book.get("sales"), self.here.clock.now())

    async def row(self) -> dict[str, Any]:
        """The number as the ledger has it."""
        found = await self.here.db.fetch_one("select * from instances where name = 'sales'")
        assert found is not None
        return found

    def out(self) -> Counter[str]:
        """How often each text really went out."""
        return Counter(sighting.text for sighting in read_witness(self.seen))

    async def steps(self) -> list[str]:
        """What the audit trail says of the mender, in order."""
        return [entry.action for entry in reversed(await recent(self.here.db)) if entry.actor == "mender"]

    async def told(self) -> list[dict[str, Any]]:
        """What integrators hear."""
        rows = await self.here.db.fetch_all("select data from events where type = 'instance.status' order by id")
        return [row["data"] for row in rows]


@contextlib.asynccontextmanager
async def town(
    db: Database, redis: Redis, folder: Path, *, number: Number | None = None, **settings: Any
) -> AsyncGenerator[Town, None]:
    """Everything started, and the number open unless a test says otherwise."""
    script = Script(instances=(number or Number(name="sales"),), receipts=_QUICK, scan_after_seconds=0)
    seen = folder / "seen.jsonl"
    async with running_sandbox(script, seen, api_key=KEY) as sandbox:
        provider = Watched(sandbox.url)
        try:
            async with stage(db, redis, provider, **settings) as here, _heard(here, sandbox):
                yield Town(here, sandbox, provider, await here.dispatcher(), seen)
        finally:
            await provider.close()


@contextlib.asynccontextmanager
async def _heard(here: Stage, sandbox: Sandbox) -> AsyncGenerator[None, None]:
    """The server's webhooks are applied one after the other."""
    turn = asyncio.Lock()

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        async with turn:
            events: Sequence[Any] = here.providers["evolution"].parse_webhook(body)
            await apply(here.db, [(here.clock.now(), deliver("sales", body, events))])
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    sandbox.world.set_webhook(sandbox.world.instances["sales"], {"enabled": True, "url": url}, events=[])
    try:
        yield
    finally:
        await sandbox.world.close()
        await runner.cleanup()
