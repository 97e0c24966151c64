"""The doors on a real socket, over a real ledger: what their tests share."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import msgspec
import uvicorn
from redis.exceptions import ConnectionError as RedisAwayError

from anclora.access import SCOPES, Access, create
from anclora.alerts import LoggedSignals, Signals
from anclora.api import Deps, create_app
from anclora.api.deps import Lanes, Receives, Submits, always_ready
from anclora.api.protocol import protocol_of
from anclora.inbound.media import HeardMedia
from anclora.inbound.replay import Replay
from anclora.instances import InstanceBook, register
from anclora.kit.errors import ConflictError, InvalidError, UnavailableError
from anclora.kit.settings import load_settings
from anclora.media import open_store
from anclora.messages.feed import Feeder
from anclora.messages.model import Draft
from anclora.messages.submit import Submit, Submitted
from anclora.notify import Channels, OnAction, build_channels
from anclora.providers.contract import (
    Capabilities,
    Content,
    Event,
    FoundMessage,
    HeardPage,
    Outcome,
    ReceiptEvent,
    RemoteInstance,
    Sent,
    Target,
)
from anclora.providers.contract.numbers import NumberSettings, NumberState, NumberWebhook, Pairing, Proxy
from anclora.providers.registry import Providers
from anclora.queue import LaneStats, Peek, Queue, Stats
from anclora.storage.database import Database
from anclora.storage.partitions import ensure_partitions

PHONE = "+34600111222"
IN_HAND = Peek(0, "active", 0, -1, "", 0, "", 0, False, -1, 0, -1, 0, 0, 0.0, -1)


class HandClock:
    """The machine's time, as the database has it, moved ahead when a test says so; the boot clock moves only then."""

    off_seconds = 0.0

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self.boot = 1_000.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def boot_seconds(self) -> float:
        return self.boot

    def pass_seconds(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        self.boot += seconds


class HandNumbers:
    """Paired numbers as a test has them; every one is open."""

    def __init__(self) -> None:
        self.words: dict[str, NumberState] = {}
        self.settings = NumberSettings()
        self.proxy: Proxy | None = None
        self.webhook: NumberWebhook | None = None
        self.asked: list[str] = []

    async def create(
        self, name: str, *, phone: str | None = None, webhook_url: str | None = None, secret: str = ""
    ) -> None:
        self.asked.append(f"create {name}")

    async def connect(self, name: str, *, phone: str | None = None) -> Pairing:
        self.asked.append(f"connect {name}")
        return Pairing(state=await self.state(name), qr="2@code", code="ABCD1234" if phone else None, count=1)

    async def state(self, name: str) -> NumberState:
        return self.words.get(name, "open")

    async def restart(self, name: str) -> None:
        self.asked.append(f"restart {name}")
        if await self.state(name) == "close":
            raise ConflictError("It is closed.", code="restart_refused")

    async def logout(self, name: str) -> None:
        self.asked.append(f"logout {name}")

    async def delete(self, name: str) -> None:
        self.asked.append(f"delete {name}")

    async def get_settings(self, name: str) -> NumberSettings:
        return self.settings

    async def set_settings(self, name: str, settings: NumberSettings) -> None:
        self.settings = settings

    async def get_proxy(self, name: str) -> Proxy | None:
        return self.proxy

    async def set_proxy(self, name: str, proxy: Proxy | None) -> None:
        self.proxy = proxy

    async def get_webhook(self, name: str) -> NumberWebhook | None:
        return self.webhook

    async def set_webhook(self, name: str, *, url: str, secret: str) -> None:
        self.webhook = NumberWebhook(url=url, secret=secret)


class OneProvider:
    """A provider with the numbers a test gives it."""

    capabilities = Capabilities(
        text_chars=100,
        caption_chars=50,
        media_bytes={"image": 1_000},
        mimetypes={},
        edit_seconds=900,
        delete_seconds=7_200,
    )

    def __init__(self, *remotes: RemoteInstance) -> None:
        self.remotes = list(remotes) or [RemoteInstance(name="sales", state="open", owner="34911222333")]
        self.webhooks: dict[str, tuple[str, str]] = {}
        self.refusing: set[str] = set()
        self.receipts: dict[str, ReceiptEvent] = {}
        self.acts: list[tuple[str, ...]] = []
        self.act_outcome: Outcome | None = None
        self.nobody: set[str] = set()

        self.numbers = HandNumbers()

    def rendered(self, content: Content) -> Content:
        return content

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        return Sent(provider_id=f"{instance}-{recipient}")

    async def edit(self, instance: str, recipient: str, target: Target, text: str) -> Outcome:
        self.acts.append(("edit", instance, recipient, target.provider_id, text))
        return self.act_outcome or Sent(provider_id=target.provider_id)

    async def delete(self, instance: str, recipient: str, target: Target) -> Outcome:
        self.acts.append(("delete", instance, recipient, target.provider_id))
        return self.act_outcome or Sent(provider_id=target.provider_id)

    async def mark_read(self, instance: str, sender: str, provider_ids: Sequence[str]) -> None:
        self.acts.append(("read", instance, sender, *provider_ids))

    async def typing(self, instance: str, recipient: str, seconds: float, *, below: str | None = None) -> None:
        self.acts.append(("typing", instance, recipient, str(seconds)))

    async def check_numbers(self, instance: str, numbers: Sequence[str]) -> Mapping[str, str | None]:
        self.acts.append(("check", instance, *numbers))
        return {number: None if number in self.nobody else number for number in numbers}

    async def list_instances(self) -> Sequence[RemoteInstance]:
        return self.remotes

    async def find_messages(
        self,
        instance: str,
        *,
        since: datetime,
        until: datetime,
        recipient: str | None = None,
        newest: int | None = None,
    ) -> Sequence[FoundMessage]:
        return []

    async def find_receipt(self, instance: str, provider_id: str) -> ReceiptEvent | None:
        return self.receipts.get(provider_id)

    async def find_heard(self, instance: str, *, since: datetime, until: datetime, page: int = 1) -> HeardPage:
        return HeardPage(events=(), more=False)

    async def set_webhook(self, instance: str, *, url: str, secret: str) -> None:
        if instance in self.refusing:
            raise InvalidError("no such instance there", code="refused_there")
        self.webhooks[instance] = (url, secret)

    def variants(self, recipient: str) -> Sequence[str]:
        return [recipient]

    def parse_webhook(self, body: bytes) -> Sequence[Event]:
        return []

    def unfamiliar(self, body: bytes) -> Sequence[tuple[str, str]]:
        return []


@dataclass
class Lane:
    """The queue as the doors see it; `away` = Redis is down."""

    counts: Mapping[str, LaneStats] = field(default_factory=dict)
    away: bool = False

    async def stats(self) -> Stats:
        await self.infos()
        return Stats(waiting=0, active=0, delayed=0, lanes=dict(self.counts))

    async def peek(self, lane: str, item_id: str, priority: int, place: int) -> Peek:
        if self.away:
            raise UnavailableError("refused")
        return IN_HAND

    async def infos(self) -> list[Mapping[str, Any]]:
        if self.away:
            raise RedisAwayError("refused")
        return [{"maxmemory_policy": "noeviction", "aof_enabled": 1}]

    async def slow_entries(self) -> int | None:
        return None


class Kept:
    """Takes webhooks as the real door behind the door does; refuses what is no JSON, or fails as a test says."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, bytes]] = []
        self.failure: Exception | None = None
        self.numbers = frozenset[str]()

    def offer(self, instance: str, provider: str, body: bytes) -> "asyncio.Future[None]":
        try:
            msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise InvalidError("This is not JSON.") from error
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.failure is not None:
            future.set_exception(self.failure)
        else:
            self.taken.append((instance, provider, body))
            future.set_result(None)
        return future

    async def accept(self, instance: str, provider: str, body: bytes) -> None:
        await self.offer(instance, provider, body)

    async def accept_shared(self, provider: str, body: bytes) -> frozenset[str]:
        await self.offer("", provider, body)
        return self.numbers


class FailingSubmit:
    """A submit that ends as a test says, for the failures a real one shows only when servers die."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    async def submit(
        self, account: str, drafts: Sequence[Draft], *, key: str | None, partial: bool, may_be_critical: bool
    ) -> Submitted:
        raise self.failure


@dataclass
class Answered:
    """One answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class House:
    """Running doors, a key for each purpose, and a client."""

    def __init__(self, deps: Deps, address: str, session: aiohttp.ClientSession, key: str) -> None:
        self.deps = deps
        self.address = address
        self.session = session
        self.key = key

    async def ask(
        self, method: str, path: str, *, json: Any = None, key: str | None = "", data: Any = None, **headers: str
    ) -> Answered:
        """Send a request; `key=None` sends none, a header `x_y` is sent as `x-y`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["X-API-Key"] = key or self.key
        body = msgspec.json.encode(json) if json is not None else data
        async with self.session.request(method, self.address + path, data=body, headers=sent) as answer:
            return Answered(answer.status, answer.headers, await answer.read())

    async def count(self) -> int:
        """How many messages are in the ledger."""
        row = await self.deps.db.fetch_one("select count(*)::integer as n from messages")
        return int(row["n"]) if row else 0

    async def make_key(self, *scopes: str) -> str:
        """A key with these scopes only."""
        return (await create(self.deps.db, account="main", name="test", scopes=scopes)).text


@contextlib.asynccontextmanager
async def house(  # the parts a test may replace
    db: Database,
    redis: Any,
    *,
    provider: OneProvider | None = None,
    submit: Submits | None = None,
    inbound: Receives | None = None,
    lanes: Lanes | None = None,
    ready: Any = always_ready,
    providers: Providers | None = None,
    channels: Channels | None = None,
    on_action: OnAction | None = None,
    signals: Signals | None = None,
    **settings: Any,
) -> AsyncGenerator[House, None]:
    """The doors over a registered provider, with the real submit unless a test brings its own."""
    clock, provider = HandClock(), provider or OneProvider()
    configuration = load_settings(**settings)
    async with db.transaction() as conn:
        await ensure_partitions(conn, clock.now())
    await register(db, "evolution", provider)
    book = InstanceBook(db, clock)
    queue = Queue(redis, lease_seconds=30)
    providers = providers or Providers({"evolution": provider})
    files = open_store(configuration)
    real = Submit(db, Feeder(db, queue), providers, book, configuration, clock)
    deps = Deps(
        db=db,
        access=Access(db, clock),
        book=book,
        submit=submit or real,
        inbound=inbound or Kept(),
        queue=lanes or Lane(),
        settings=configuration,
        files=files,
        heard_media=HeardMedia(db, providers, files, configuration, clock),
        clock=clock,
        version="0.0.0-test",
        started_at=clock.now(),
        providers=providers,
        ready=ready,
        channels=channels or build_channels(configuration, clock),
        on_action=on_action,
        signals=signals or LoggedSignals(),
        replay=Replay(db, Providers({"evolution": provider}), clock, keep_groups=False),
    )
    key = (await create(db, account="main", name="all", scopes=list(SCOPES))).text
    async with serving(deps) as address, aiohttp.ClientSession() as session:
        yield House(deps, address, session, key)
    await real.close()


@contextlib.asynccontextmanager
async def serving(deps: Deps) -> AsyncGenerator[str, None]:
    """Serve the doors on a free loopback port."""
    config = uvicorn.Config(create_app(deps), http=protocol_of(deps), log_config=None, lifespan="off", access_log=False)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        await server.startup(sockets=[bound])
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            async with asyncio.timeout(30):
                await server.shutdown(sockets=[bound])
