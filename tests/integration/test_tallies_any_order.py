"""Whatever happens to messages, in whatever order, the figures are what the rows say, folded or not."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages_harness import ScriptedProvider, Stage, stage
from redis.asyncio import Redis

from anclora.contacts import opt_in, opt_out
from anclora.events import WANTED
from anclora.kit.errors import AncloraError
from anclora.kit.ids import new_id
from anclora.messages.cancel import cancel
from anclora.messages.dead_letters import Choice, discard, requeue
from anclora.messages.evidence import Doubt
from anclora.messages.intent import Intent
from anclora.messages.model import MessageClass
from anclora.messages.reschedule import Reschedule, reschedule
from anclora.messages.resolve import QUERIES
from anclora.messages.sweep import Promoter
from anclora.messages.told import telling
from anclora.providers.contract import Fault, Outcome, ReceiptEvent, Refused, RemoteInstance, Scope, Sent, Unknown
from anclora.storage.database import Database, open_pool
from anclora.storage.partitions import ensure_partitions
from anclora.tallies import Counts, Wanted, fold, total, verify

EVER = Wanted(since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))
PEOPLE = [f"3460011122{n}" for n in range(3)]
CAMPAIGN = new_id()
OUTCOMES: Mapping[str, Outcome] = {
    "refused": Refused(scope=Scope.MESSAGE, code="media_not_usable", text="no file", fault=Fault.CALLER),
    "never": Refused(scope=Scope.RECIPIENT, code="not_on_whatsapp", text="nobody", permanent=True),
    "doubt": Unknown(code="timeout", text="No answer came in time."),
}
TABLES = (
    "messages, attempts, provider_messages, outbox, dead_letters, rests, heard, audit, tallies, tally_deltas, events"
)
# What the rows hold, counted the plain way and not by the view the product recounts with.
PLAIN = """
select count(*) as accepted, count(sent_at) as sent, count(delivered_at) as delivered, count(read_at) as read,
    count(played_at) as played, count(*) filter (where state = 'failed') as failed,
    count(*) filter (where state = 'dead') as dead, count(*) filter (where state = 'expired') as expired,
    count(*) filter (where state = 'canceled') as canceled, count(*) filter (where state = 'blocked') as blocked,
    (select count(*) from audit where action = 'contact.opt_out') as opt_outs
from messages
"""


class Play:
    """A ledger to which things happen."""

    def __init__(self, here: Stage) -> None:
        self.here = here
        self.ids: list[UUID] = []
        self.intents: list[Intent] = []

    async def clear(self) -> None:
        """Everything as if nothing had happened."""
        WANTED.forget()
        self.ids, self.intents = [], []
        for phone in PEOPLE:
            with contextlib.suppress(AncloraError):
                await opt_in(self.here.db, phone, actor="test")
        await self.here.db.execute(f"truncate {TABLES}")  # pyright: ignore[reportArgumentType]

    async def accept(self, pick: int) -> None:
        now = self.here.clock.now()
        kind = list(MessageClass)[pick % 3]
        more = {"campaign_id": CAMPAIGN} if pick % 2 else {}
        when = {"send_at": now + timedelta(minutes=20)} if pick % 5 == 0 else {}
        end = {"expires_at": now + timedelta(minutes=40)} if pick % 7 == 0 else {}
        draft = {"kind": kind, **more, **when, **end}
        self.ids.append(await self.here.accept(f"#{len(self.ids)}", to=f"+{PEOPLE[pick % 3]}", fed=False, **draft))

    async def promote(self, _pick: int) -> None:
        await Promoter(self.here.db, self.here.queue, self.here.settings).run_once()

    async def intend(self, pick: int) -> None:
        if self.ids:
            ids = {self.ids[pick % len(self.ids)], self.ids[pick // 3 % len(self.ids)]}
            self.intents += (await self.here.intend(*ids)).send

    async def end(self, pick: int) -> None:
        """The result of an attempt, of the present one or of one long past, once or again."""
        if self.intents:
            intent = self.intents[pick % len(self.intents)]
            names = [*OUTCOMES, "sent", "sent", "sent"]
            name = names[pick // 2 % len(names)]
            await self.here.finish(intent, OUTCOMES.get(name) or Sent(provider_id=self._name(intent.id, pick)))

    async def receipt(self, pick: int) -> None:
        ranks = [0, 1, 2, 2, 3, 4]
        events = [
            ReceiptEvent(provider_id=self._name(self.ids[each % len(self.ids)], each + 1), rank=ranks[each // 4 % 6])
            for each in (pick, pick // 2)
            if self.ids
        ]
        await self.here.hear(*events)

    async def prove(self, pick: int) -> None:
        """Evidence of a message in doubt, or of one that was given up for doubt."""
        rows = await self.here.db.fetch_all(
            "select id, attempt, instance, recipient, fingerprint, intent_at, unknown_at, priority, ordinal,"
            " reason_code, 'hold' as policy from messages where unknown_at is not null order by id"
        )
        for row in rows[pick % 2 :: 2]:
            doubt = msgspec.convert(row, Doubt)
            await self.here.resolver._prove_sent(doubt, self._name(doubt.id, pick), "event")

    def _name(self, message_id: UUID, pick: int) -> str:
        """What the provider calls a message; now and then two have one name."""
        return f"P{pick % 6}" if pick % 9 == 0 else f"P-{message_id}"

    async def cancel(self, pick: int) -> None:
        if self.ids:
            await cancel(self.here.db, self.ids[pick % len(self.ids)], actor="test")

    async def postpone(self, pick: int) -> None:
        if self.ids:
            now = self.here.clock.now()
            wish = Reschedule(send_at=now + timedelta(minutes=pick % 60))
            await reschedule(self.here.db, self.ids[pick % len(self.ids)], wish, now=now, actor="test")

    async def opt_out(self, pick: int) -> None:
        await opt_out(self.here.db, PEOPLE[pick % 3], actor="test")

    async def opt_in(self, pick: int) -> None:
        await opt_in(self.here.db, PEOPLE[pick % 3], actor="test")

    async def give_up(self, pick: int) -> None:
        await self._doubts("give_up_doubt", pick)

    async def absent(self, pick: int) -> None:
        await self._doubts(("resolve_not_sent", "resend_doubt")[pick % 2], pick)

    async def _doubts(self, name: str, _pick: int) -> None:
        for row in await self.here.db.fetch_all("select id, attempt from messages where state = 'unknown'"):
            query, told = telling(name) if name == "give_up_doubt" else (QUERIES[name], {})
            await self.here.db.commit(query, id=row["id"], attempt=row["attempt"], **told)

    async def requeue(self, _pick: int) -> None:
        await requeue(self.here.db, Choice(everything=True), actor="test")

    async def discard(self, pick: int) -> None:
        if self.ids:
            chosen = Choice(ids=[self.ids[pick % len(self.ids)]], why="no use")
            await discard(self.here.db, chosen, actor="test")

    async def fold(self, pick: int) -> None:
        await fold(self.here.db, at_once=1 + pick % 4)

    async def tell(self, pick: int) -> None:
        """Somebody subscribes to messages, or nobody any more: other statements, the same figures."""
        WANTED.learn(["message.*"] if pick % 2 else [])

    async def past(self, pick: int) -> None:
        """A few quarters of an hour go by, or so much time that what waits is too old: everything lies further back."""
        seconds = 900 * (1 + pick % 4) if pick % 6 else 900 * 96 * 3
        await self.here.pass_seconds(seconds)

    async def check(self) -> None:
        """The figures are the rows', by the product's own recount and by a plain one."""
        found = await verify(self.here.db)
        assert found.differences == 0, found.shown
        [plain] = await self.here.db.fetch_all(PLAIN)
        assert await total(self.here.db, EVER) == Counts(**plain)


STEPS: Mapping[str, Callable[[Play, int], Awaitable[None]]] = {
    "accept": Play.accept,
    "promote": Play.promote,
    "intend": Play.intend,
    "end": Play.end,
    "receipt": Play.receipt,
    "cancel": Play.cancel,
    "postpone": Play.postpone,
    "opt_out": Play.opt_out,
    "opt_in": Play.opt_in,
    "give_up": Play.give_up,
    "absent": Play.absent,
    "prove": Play.prove,
    "requeue": Play.requeue,
    "discard": Play.discard,
    "fold": Play.fold,
    "tell": Play.tell,
    "past": Play.past,
}
OFTEN = ["accept", "intend", "end", "receipt", "receipt"]
steps = st.lists(st.tuples(st.sampled_from([*STEPS, *OFTEN, *OFTEN]), st.integers(0, 200)), min_size=8, max_size=50)


@pytest.mark.timeout(240)  # thousands of statements: on a busy machine more than a minute
def test_any_sequence_of_steps_leaves_figures_that_equal_the_recount(
    make_database: Callable[[], str], redis_url: str
) -> None:
    url, ends = make_database(), set[str]()

    async def play(on: Play, sequence: list[tuple[str, int]]) -> None:
        await on.clear()
        for name, pick in sequence:
            with contextlib.suppress(AncloraError):  # a step that cannot be taken now changes nothing
                await STEPS[name](on, pick)
            ends.update(row["state"] for row in await on.here.db.fetch_all("select distinct state from messages"))
        await on.check()
        while await fold(on.here.db):
            continue
        await on.check()

    with asyncio.Runner() as runner, contextlib.ExitStack() as stack:
        db, redis = runner.run(_open(url)), Redis.from_url(redis_url)
        stack.callback(lambda: runner.run(db.close()))
        stack.callback(lambda: runner.run(redis.aclose()))
        stack.callback(WANTED.forget)
        made = stage(db, redis, ScriptedProvider(RemoteInstance(name="sales", state="open")))
        on = Play(runner.run(made.__aenter__()))
        stack.callback(lambda: runner.run(made.__aexit__(None, None, None)))

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(steps)
        def holds(sequence: list[tuple[str, int]]) -> None:
            runner.run(play(on, sequence))

        holds()
        dice = Random(7)
        for _ in range(12):  # long lives, in which every end is met
            sequence = [(dice.choice([*STEPS, *OFTEN]), dice.randrange(200)) for _ in range(150)]
            runner.run(play(on, sequence))
    assert ends >= {"sent", "delivered", "read", "played", "failed", "dead", "canceled", "expired", "blocked"}


async def _open(url: str) -> Database:
    db = Database(await open_pool(url, max_size=6), await open_pool(url, max_size=2, hot=True))
    async with db.transaction() as conn:
        await ensure_partitions(conn, datetime.now(UTC))
    return db
