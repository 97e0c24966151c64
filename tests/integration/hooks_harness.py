"""Webhooks out with a real subscriber on loopback: the ledger is real, the clock is in a test's hand."""

import contextlib
import hmac
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web
from api_harness import HandClock

from anclora.events import EventType, Happened, append
from anclora.hooks import Courier, FanOut, Hook, HookDraft, Post
from anclora.hooks.subscriptions import create
from anclora.kit.settings import Settings, load_settings
from anclora.storage.database import Database

SENT, DELIVERED, READ = EventType.MESSAGE_SENT, EventType.MESSAGE_DELIVERED, EventType.MESSAGE_READ


@dataclass
class Heard:
    """One request as it came."""

    headers: Mapping[str, str]
    body: bytes
    status: int

    @property
    def events(self) -> list[dict[str, Any]]:
        found = msgspec.json.decode(self.body)
        return found if isinstance(found, list) else [found]


@dataclass
class Subscriber:
    """An endpoint that answers as `says` decides, and remembers every request."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    says: Callable[[Heard], int] = lambda _heard: 200
    headers: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        heard = Heard({name.lower(): value for name, value in request.headers.items()}, await request.read(), 0)
        heard.status = self.says(heard)
        self.heard.append(heard)
        return web.Response(status=heard.status, text="+34600111222 said no\n", headers=self.headers)

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The events it answered 2xx to, in order."""
        return [event for each in self.heard if 200 <= each.status < 300 for event in each.events]

    def once_and_in_order(self) -> bool:
        """Whether each id was taken once, and each subject's events in the order they were numbered in."""
        by_subject: defaultdict[str, list[int]] = defaultdict(list)
        for event in self.taken:
            by_subject[event["subject"]].append(event["data"]["n"])
        once = set(Counter(event["id"] for event in self.taken).values()) <= {1}
        return once and all(numbers == sorted(numbers) for numbers in by_subject.values())


def verified(heard: Heard, secret: str) -> bool:
    """What the documents tell an integrator to do."""
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.".encode() + heard.body
    good = "v1," + b64encode(hmac.new(b64decode(secret.removeprefix("whsec_")), signed, sha256).digest()).decode()
    return good in heard.headers["webhook-signature"].split(" ")


class HookStage:
    """Everything between an appended event and the endpoint, run by hand."""

    def __init__(self, db: Database, settings: Settings, resolver: Any = None) -> None:
        self.db = db
        self.settings = settings
        self.clock = HandClock()
        self.post = Post(settings, self.clock, resolver)
        self.fan_out = FanOut(db, self.clock)
        self.courier = Courier(db, self.post, settings, self.clock, Random(7))
        self.subscriber = Subscriber()
        self._n = 0

    async def subscribe(self, *types: str, url: str | None = None, **draft: Any) -> Hook:
        its: dict[str, Any] = {"linger_seconds": 0.0, **draft}
        wish = HookDraft(url=url or self.subscriber.url, types=list(types) or ["*"], **its)
        return await create(self.db, wish, self.settings, clock=self.clock, actor="test")

    async def happen(self, subject: str, kind: EventType = SENT, **data: Any) -> UUID:
        """One event, numbered."""
        self._n += 1
        told = Happened(type=kind, subject=subject, instance="sales", at=self.clock.now(), data={"n": self._n, **data})
        async with self.db.transaction() as conn:
            await append(conn, [told])
        return told.id

    async def deliver(self) -> None:
        """Pass on what was appended, and one turn of every endpoint that is due."""
        while await self.fan_out.run_once():
            continue
        await self.courier.run_once()
        await self.courier.settle()

    async def deliver_all(self, rounds: int = 50) -> None:
        """The same until nothing is due now."""
        for _ in range(rounds):
            before = len(self.subscriber.heard)
            await self.deliver()
            if len(self.subscriber.heard) == before:
                return

    async def pass_time(self, seconds: float, every_seconds: float = 5.0) -> None:
        """Time goes by, with a turn now and then."""
        passed = 0.0
        while passed < seconds:
            self.clock.pass_seconds(every_seconds)
            passed += every_seconds
            await self.deliver()

    async def hook(self, hook_id: UUID) -> Hook:
        row = await self.db.fetch_one("select * from hooks where id = %(id)s", id=hook_id)
        assert row is not None
        return Hook(**row)

    async def states(self, hook_id: UUID) -> Counter[str]:
        rows = await self.db.fetch_all("select state from hook_deliveries where hook_id = %(id)s", id=hook_id)
        return Counter(str(row["state"]) for row in rows)


@contextlib.asynccontextmanager
async def listening(subscriber: Subscriber) -> AsyncGenerator[Subscriber, None]:
    """A subscriber on a free loopback port."""
    app = web.Application()
    app.router.add_post("/{path:.*}", subscriber.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        subscriber.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in"
        yield subscriber
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def hook_stage(db: Database, *, resolver: Any = None, **settings: Any) -> AsyncGenerator[HookStage, None]:
    """A stage whose subscriber listens."""
    made = HookStage(db, load_settings(**{"hooks_allow": "127.0.0.0/8"} | settings), resolver)
    async with listening(made.subscriber):
        try:
            yield made
        finally:
            await made.courier.settle()
            await made.post.close()
