"""The life of a message with the doors left out: ledger and lanes are real, the provider says what a test scripts."""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from api_harness import PHONE, HandClock, OneProvider
from msgspec.structs import replace
from redis.asyncio import Redis

from anclora.instances import InstanceBook, register
from anclora.kit.errors import UnavailableError
from anclora.kit.ids import WorkerId, new_id
from anclora.kit.metrics import REGISTRY
from anclora.kit.settings import Settings, load_settings
from anclora.media import open_store
from anclora.messages import receipts
from anclora.messages.attempt import Result
from anclora.messages.dispatch import Dispatcher
from anclora.messages.feed import Feeder, lane_of
from anclora.messages.intent import Intent, Intents, intend, intend_clear
from anclora.messages.model import Draft
from anclora.messages.reconcile import Reconciler
from anclora.messages.resolve import Resolver
from anclora.messages.results import store
from anclora.messages.retries import Retries
from anclora.messages.rules import judge
from anclora.messages.submit import Accepted, Submit
from anclora.messages.worker import Worker
from anclora.providers.contract import (
    Capabilities,
    Content,
    FoundMessage,
    Outcome,
    OwnMessageEvent,
    Provider,
    ReceiptEvent,
    RemoteInstance,
    Sent,
    Text,
    Unknown,
    fingerprint_of,
)
from anclora.providers.registry import Providers
from anclora.queue import Claimed, Item, Queue
from anclora.queue.keys import clock_offset
from anclora.queue.model import EnqueueResult
from anclora.storage.database import Database

DIGITS = PHONE.removeprefix("+")
TIMEOUT = Unknown(code="timeout", text="No answer came in time.")
_DRAIN_SECONDS = 30.0
_MOMENTS: Mapping[str, Sequence[str]] = {
    "messages": (
        *(
            "created_at",
            "stalled_at",
            "state_at",
            "send_at",
            "expires_at",
            "next_attempt_at",
            "eligible_at",
            "blocks_until",
        ),
        *("hold_until", "intent_at", "unknown_at", "sent_at", "delivered_at", "read_at", "played_at"),
    ),
    "workers": ("started_at", "heartbeat_at"),
    "outbox": ("created_at",),
    "provider_messages": ("created_at", "acked_at", "seen_at", "delivered_at", "read_at"),
    "instances": (
        *("paused_until", "state_at", "stalled_since", "acked_at", "mended_at", "mends_from", "mend_stopped_at"),
        *("told_at", "canary_at"),
    ),
    "instance_history": ("at",),
    "mends": ("began_at", "acted_at", "resumed_at", "ended_at"),
    "maintenance": ("until",),
    "duties": ("until",),
    "rests": ("until",),
    "idempotency": ("created_at",),
}
_FACTS = """\
create temporary table facts on commit drop as
select at, instance, campaign, template, class, what, cause, count(*) as n from tally_facts group by 1, 2, 3, 4, 5, 6, 7
"""
_MOVED = """\
insert into tally_deltas (at, instance, campaign_id, template, class, what, cause, n)
select at, instance, nullif(campaign, '')::uuid, nullif(template, ''), class, what, nullif(cause, ''), sum(n)
from (
    select at, instance, campaign, template, class, what, cause, -n as n from facts
    union all
    select at, instance, campaign, template, class, what, cause, 1 from tally_facts
) as f
group by 1, 2, 3, 4, 5, 6, 7 having sum(n) <> 0
"""


class ScriptedProvider(OneProvider):
    """A provider that answers what a test says, and remembers what went out.

    Attributes:
        script: by text, the outcomes of its next sends; without one it is sent.
        out: the texts whose request was made, in order.
        references: what came along with each.
        found: what the look-up shows; `silent` = it does not answer.
        gate: cleared, requests stay open until it is set.
    """

    def __init__(self, *remotes: RemoteInstance, **can: Any) -> None:
        super().__init__(*remotes)
        self.capabilities: Capabilities = replace(OneProvider.capabilities, **can)
        self.script: defaultdict[str, deque[Outcome]] = defaultdict(deque)
        self.out: list[str] = []
        self.references: list[str] = []
        self.found: list[FoundMessage] = []
        self.silent = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.reached = asyncio.Event()

    async def send(self, instance: str, recipient: str, content: Content, *, reference: str) -> Outcome:
        text = content.text if isinstance(content, Text) else type(content).__name__
        self.out.append(text)
        self.references.append(reference)
        self.reached.set()
        await self.gate.wait()
        outcomes = self.script[text]
        return outcomes.popleft() if outcomes else Sent(provider_id=f"P{len(self.out)}-{new_id()}")

    async def find_messages(
        self,
        instance: str,
        *,
        since: datetime,
        until: datetime,
        recipient: str | None = None,
        newest: int | None = None,
    ) -> Sequence[FoundMessage]:
        if self.silent:
            raise UnavailableError("The look-up does not answer.")
        return [m for m in self.found if since <= m.at <= until and recipient in (None, m.recipient)][:newest]


class AheadQueue(Queue):
    """Lanes whose clock goes ahead of the machine's: moments given to them in the ledger's time go ahead too."""

    ahead_ms = 0

    async def enqueue(self, lane: str, items: Sequence[Item]) -> Sequence[EnqueueResult]:
        moved = [replace(item, due_at_ms=item.due_at_ms + self.ahead_ms) if item.due_at_ms else item for item in items]
        return await super().enqueue(lane, moved)

    async def retry(self, tried: Sequence[tuple[Claimed, int, int]]) -> int:
        return await super().retry([(item, due + self.ahead_ms, keep) for item, due, keep in tried])

    async def release(self, untried: Sequence[tuple[Claimed, int | None, bool]]) -> int:
        return await super().release(
            [(item, None if due is None else due + self.ahead_ms, head) for item, due, head in untried]
        )


class Stage:
    """Everything between the door and the provider, run by hand, one round at a time."""

    def __init__(self, db: Database, redis: Redis, provider: Provider, clock: HandClock, settings: Settings) -> None:
        self.db = db
        self.redis = redis
        self.clock = clock
        self.settings = settings
        self.providers = Providers({"evolution": provider})
        self.queue = AheadQueue(redis, shards=settings.shards, lease_seconds=settings.lease_seconds, test_offset=True)
        self.book = InstanceBook(db, clock)
        self.feeder = Feeder(db, self.queue)
        self.submit = Submit(db, self.feeder, self.providers, self.book, settings, clock)
        self.resolver = Resolver(db, self.queue, self.providers, self.book, settings, clock)
        self.reconciler = Reconciler(db, self.queue, settings, clock)
        self.worker_id = WorkerId(new_id())
        self.retries = Retries()

    async def accept(self, text: str = "hola", *, to: str = PHONE, fed: bool = True, **draft: Any) -> UUID:
        """Accept one message; `fed` = its lane has it too."""
        answer = await self.submit.submit("main", [Draft(to=to, text=text, **draft)], may_be_critical=True)
        [accepted] = answer.results
        assert isinstance(accepted, Accepted), accepted
        if fed:
            await self.feeder.settle()
        return accepted.id

    async def row(self, message_id: UUID) -> dict[str, Any]:
        """A message as the ledger has it."""
        row = await self.db.fetch_one("select * from messages where id = %(id)s", id=message_id)
        assert row is not None
        return row

    async def state(self, message_id: UUID) -> str:
        """Its state."""
        return str((await self.row(message_id))["state"])

    async def set(self, message_id: UUID, **values: object) -> None:
        """Write columns of a message, for what another part of the product would have done."""
        for name, value in values.items():
            assert name.isidentifier()
            change = f"update messages set {name} = %(value)s where id = %(id)s"  # noqa: S608 - a name of the test's own
            await self.db.execute(change, id=message_id, value=value)  # pyright: ignore[reportArgumentType]

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        assert table.isidentifier()
        row = await self.db.fetch_one(f"select count(*)::integer as n from {table}")  # noqa: S608 # pyright: ignore[reportArgumentType]
        return int(row["n"]) if row else 0

    async def somebody_waits_for_a_lock(self) -> bool:
        """Whether a transaction stands behind another one."""
        waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        return await self.db.fetch_one(waiting) is not None

    async def pass_seconds(self, seconds: float) -> None:
        """Time passes: every written moment lies so much further back, and the lanes' clock and ours go ahead.

        What was counted goes along where that takes it into another quarter of an hour.
        """
        async with self.db.transaction() as conn:
            await conn.execute(_FACTS)
            for table, columns in _MOMENTS.items():
                sets = ", ".join(f"{name} = {name} - make_interval(secs => %(seconds)s)" for name in columns)
                change = f"update {table} set {sets}"  # noqa: S608 - names of the list above
                await conn.execute(change, {"seconds": seconds})  # pyright: ignore[reportArgumentType]
            await conn.execute(_MOVED)
        self.clock.boot += seconds
        self.queue.ahead_ms += int(seconds * 1000)
        for shard in range(self.settings.shards):
            await self.redis.set(clock_offset("anclora", shard), self.queue.ahead_ms)

    async def dispatcher(self) -> Dispatcher:
        """A worker with a heartbeat, and its dispatcher."""
        worker = Worker(self.db, self.settings, self.clock, role="dispatch")
        await worker.run_once()
        files = open_store(self.settings)
        dispatcher = Dispatcher(
            self.db, self.queue, self.providers, self.book, self.settings, self.clock, worker, files
        )
        await dispatcher.retries.run_once()
        return dispatcher

    async def intend(self, *ids: UUID, worker_id: WorkerId | None = None) -> Intents:
        """Commit the intents of these messages, as a worker does that claimed them."""
        rest = worker_id or self.worker_id, self.settings, self.clock
        clear = await intend_clear(self.db, [claimed(i) for i in ids], *rest)
        if not clear.left:
            return clear
        judged = await intend(self.db, clear.left, *rest)
        return replace(judged, send=[*clear.send, *judged.send])

    async def attempt(self, message_id: UUID, *, worker_id: WorkerId | None = None) -> Intent:
        """One committed intent; the message must be free to go."""
        [intent] = (await self.intend(message_id, worker_id=worker_id)).send
        return intent

    async def finish(self, intent: Intent, outcome: Outcome) -> None:
        """Store how an attempt ended."""
        now = self.clock.now()
        verdict = judge(
            outcome,
            intent.trial,
            retries=self.retries,
            max_age_seconds=self.settings.max_age_seconds,
            now=now,
            dice=Random(0),
        )
        await store(self.db, [Result(intent=intent, outcome=outcome, verdict=verdict, at=now)], self.worker_id)

    async def hear(self, *events: ReceiptEvent | OwnMessageEvent) -> None:
        """Events of the number arrive."""
        async with self.db.transaction() as conn:
            now = self.clock.now()
            await receipts.apply(conn, receipts.gather([("sales", event) for event in events], now), now)

    async def doubt(self, text: str = "hola", code: str = "timeout", **draft: Any) -> UUID:
        """A message whose request left and was never answered."""
        message_id = await self.accept(text, **draft)
        await self.finish(await self.attempt(message_id), Unknown(code=code, text="No answer came in time."))
        assert await self.state(message_id) == "unknown"
        return message_id

    async def notes(self, message_id: UUID) -> list[str]:
        """How its attempts ended, in order."""
        rows = await self.db.fetch_all(
            "select outcome from attempts where message_id = %(id)s order by attempt", id=message_id
        )
        return [str(row["outcome"]) for row in rows]


def claimed(message_id: UUID) -> Claimed:
    """What the lane would hand to a worker."""
    return Claimed(id=str(message_id), lane=lane_of("sales"), token="1", probe=False, order_key=DIGITS, priority=2)


async def send_round(dispatcher: Dispatcher) -> None:
    """Claim what may go, send it, and store how it ended."""
    await dispatcher.run_once()
    await dispatcher.drain(_DRAIN_SECONDS)
    await dispatcher.results.settle()


def own_event(text: str, provider_id: str, *, to: str = DIGITS, by_api: bool = True) -> OwnMessageEvent:
    """The provider tells that these words left our number."""
    return OwnMessageEvent(
        provider_id=provider_id,
        recipient=to,
        fingerprint=fingerprint_of("text", text),
        at=datetime.now(UTC),
        by_api=by_api,
    )


def shown(text: str | None, provider_id: str, *, to: str = DIGITS, ago_seconds: float = 0.0) -> FoundMessage:
    """A message as the look-up shows it."""
    at = datetime.now(UTC) - timedelta(seconds=ago_seconds)
    return FoundMessage(provider_id=provider_id, recipient=to, fingerprint=fingerprint_of("text", text), at=at)


def metric(name: str, **labels: str) -> Callable[[], float]:
    """How much a counter grew since this call."""
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    return lambda: (REGISTRY.get_sample_value(name, labels) or 0.0) - before


@contextlib.asynccontextmanager
async def stage(
    db: Database, redis: Redis, provider: Provider | None = None, **settings: Any
) -> AsyncGenerator[Stage, None]:
    """A stage over an empty ledger and empty lanes, its numbers registered and its lanes open."""
    found = provider or ScriptedProvider()
    made = Stage(db, redis, found, HandClock(), load_settings(**{"default_pacing": "sandbox"} | settings))
    await register(db, "evolution", found)
    await made.book.refresh()
    await made.reconciler.run_once()
    try:
        yield made
    finally:
        await made.submit.close()
