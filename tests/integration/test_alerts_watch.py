"""The built-in watch on a real ledger and real lanes: what is said when, once for all, also while Postgres is away."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from messages_harness import ScriptedProvider, Stage, stage
from redis.exceptions import ConnectionError as RedisAwayError

from anclora.alerts import DirectWay, Evaluator, Look
from anclora.alerts.facts import Facts
from anclora.incidents import Signal
from anclora.instances.pacing import PacingChange, change_pacing
from anclora.kit.clock import business_date
from anclora.kit.errors import UnavailableError
from anclora.kit.ids import new_id
from anclora.kit.settings import load_settings
from anclora.kit.severity import Severity
from anclora.messages.feed import lane_of
from anclora.messages.pacing import PaceKeeper
from anclora.messages.worker import Worker
from anclora.notify import build_channels
from anclora.queue import Item
from anclora.storage.database import Connection, Database
from tests import slack_server as slack
from tests.alert_facts import WELL, look

COPY = """
insert into messages (id, account, instance, contact_id, recipient, content, kind, class, priority, state, ordinal,
    send_at, eligible_at, next_attempt_at)
select i.id, m.account, m.instance, m.contact_id, m.recipient, m.content, m.kind, 'marketing', 3, %(state)s,
    case %(state)s when 'queued' then nextval('message_ordinal') end,
    case %(state)s when 'scheduled' then now() + interval '1 day' end, now(), now()
from unnest(%(ids)s::uuid[]) i (id), messages m where m.id = %(like)s"""


@dataclass
class Kept:
    """Takes signals, as incidents do, and remembers what was said."""

    said: list[tuple[str, Signal]] = field(default_factory=list)

    async def raised(self, conn: Connection, signal: Signal) -> None:
        assert not conn.closed
        self.said.append(("so", signal))

    async def cleared(self, conn: Connection, signal: Signal) -> None:
        assert not conn.closed
        self.said.append(("over", signal))

    @property
    def words(self) -> list[tuple[str, str]]:
        return [(word, signal.fingerprint) for word, signal in self.said]


@dataclass
class Shown:
    """A look that shows what a test says."""

    facts_now: Facts = WELL

    async def facts(self, watchdog_at: datetime | None) -> Facts:
        return self.facts_now


@dataclass
class Direct:
    """Remembers what was told past the ledger."""

    told: list[Signal] = field(default_factory=list)

    async def tell(self, signal: Signal) -> int:
        self.told.append(signal)
        return 1


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis, ScriptedProvider()) as running:
        yield running


def watch_of(here: Stage, signals: Kept, shown: Any = None, db: Any = None) -> Evaluator:
    real = Look(here.db, here.queue, here.redis, here.book, here.settings, here.clock)
    return Evaluator(db or here.db, shown or real, signals, Direct(), here.clock)


async def rounds(here: Stage, watch: Evaluator, seconds: int) -> None:
    """So much time passes, and the watch looks every ten seconds of it."""
    for _ in range(seconds // 10):
        here.clock.pass_seconds(10)
        await watch.run_once()


async def test_a_stopped_worker_is_told_within_two_minutes_and_over_when_it_is_back(here: Stage) -> None:
    signals = Kept()
    watch = watch_of(here, signals)
    worker = Worker(here.db, here.settings, here.clock, role="dispatch")
    await worker.run_once()
    await watch.run_once()
    assert signals.said == []
    await rounds(here, watch, 120)  # no heartbeat any more
    assert ("so", "AncloraNoWorkers") in signals.words
    [(_, signal)] = [each for each in signals.said if each[1].name == "AncloraNoWorkers"]
    assert (signal.severity, signal.source, signal.dashboard) == ("critical", "evaluator", "system-dashboard")
    here.clock.ahead *= 0  # the row is by the database's time
    await Worker(here.db, here.settings, here.clock, role="dispatch").run_once()
    await watch.run_once()
    assert signals.words[-1] == ("over", "AncloraNoWorkers")


@pytest.mark.timeout(120)
async def test_a_campaign_at_its_pace_and_a_hundred_thousand_scheduled_fire_nothing(here: Stage) -> None:
    like = await here.accept(fed=False)
    await here.db.execute("delete from outbox")
    today = business_date(here.clock.now(), here.settings.timezone)
    change = PacingChange(per_minute=1_200)
    await change_pacing(here.db, "sales", change, actor="test", default="sandbox", today=today)
    await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()
    for state, count in (("queued", 20_000), ("scheduled", 100_000)):
        ids = [str(new_id()) for _ in range(count)]
        await here.db.execute(COPY, ids=ids, like=like, state=state)
        if state == "queued":
            lane = lane_of("sales")
            for first in range(0, count, 1_000):
                part = [Item(id=i, order_key=i, priority=3) for i in ids[first : first + 1_000]]
                await here.queue.enqueue(lane, part)
    counts = (await here.queue.stats()).lanes[lane_of("sales")]
    assert counts.delayed + counts.waiting == 20_000
    signals = Kept()
    watch = watch_of(here, signals)
    for _ in range(25):  # seventeen minutes of sending at 20 a second, with a worker that lives
        here.clock.pass_seconds(40)
        await here.db.execute("delete from workers")
        await Worker(here.db, here.settings, here.clock, role="dispatch").run_once()
        await here.db.execute("update workers set heartbeat_at = %(now)s", now=here.clock.now())
        await watch.run_once()
    assert signals.words == []


async def test_patience_survives_a_restart_and_two_watches_say_it_once(here: Stage) -> None:
    signals, shown = Kept(), Shown(look(ledger_workers=0))
    await watch_of(here, signals, shown).run_once()
    here.clock.pass_seconds(60)
    both = [watch_of(here, signals, shown) for _ in range(2)]
    await asyncio.gather(*(watch.run_once() for watch in both))
    assert signals.words == [("so", "AncloraNoWorkers")]
    shown.facts_now = WELL
    await both[0].run_once()
    assert signals.words[1:] == [("over", "AncloraNoWorkers")]
    assert await here.count("alert_states") == 0


async def test_a_signal_nobody_could_keep_comes_again(here: Stage) -> None:
    class Failing(Kept):
        async def raised(self, conn: Connection, signal: Signal) -> None:
            if not self.said:
                self.said.append(("failed", signal))
                raise UnavailableError("not now")
            await super().raised(conn, signal)

    signals, shown = Failing(), Shown(look(ledger_doubles=1))
    watch = watch_of(here, signals, shown)
    await watch.run_once()
    assert await here.count("alert_states") == 0
    await watch.run_once()
    assert [word for word, _ in signals.said] == ["failed", "so"]


class Away(Database):
    """A ledger that is away while a test says so."""

    away = False

    def transaction(self) -> Any:
        if self.away:
            raise UnavailableError("The database does not answer.", code="database_unavailable")
        return super().transaction()


async def test_while_postgres_is_away_people_are_told_directly_and_the_ledger_afterwards(here: Stage) -> None:
    db, signals, direct = Away(here.db.pool), Kept(), Direct()
    watch = Evaluator(db, Shown(), signals, direct, here.clock)
    await watch.run_once()
    db.away = True
    for _ in range(12):
        here.clock.pass_seconds(10)
        await watch.run_once()
    [told] = direct.told
    assert (told.name, told.ends_at) == ("AncloraPostgresDown", None)
    assert (here.clock.now() - told.starts_at).total_seconds() == pytest.approx(110, abs=5)
    assert signals.said == []
    db.away = False
    await watch.run_once()
    assert signals.words == [("so", "AncloraPostgresDown"), ("over", "AncloraPostgresDown")]
    assert direct.told[1].ends_at is not None
    await watch.run_once()
    assert (len(direct.told), len(signals.said)) == (2, 2)


async def test_a_short_absence_wakes_nobody(here: Stage) -> None:
    db, signals, direct = Away(here.db.pool), Kept(), Direct()
    watch = Evaluator(db, Shown(), signals, direct, here.clock)
    db.away = True
    await watch.run_once()
    here.clock.pass_seconds(20)
    await watch.run_once()
    db.away = False
    await watch.run_once()
    assert (direct.told, signals.said) == ([], [])


async def test_the_direct_way_reaches_slack_once_for_all_processes(here: Stage) -> None:
    now = here.clock.now()
    signal = Signal(
        fingerprint="AncloraPostgresDown",
        name="AncloraPostgresDown",
        severity=Severity.CRITICAL,
        labels={},
        summary="Postgres does not answer",
        starts_at=now,
        source="evaluator",
    )
    async with slack.slack_server(None) as server:
        settings = load_settings(slack_bot_token=slack.TOKEN, slack_api_url=f"{server.url}/api")
        channels = build_channels(settings, here.clock)
        ways = [DirectWay(channels, here.redis, here.clock) for _ in range(3)]
        assert sorted([await way.tell(signal) for way in ways]) == [0, 0, 1]
        [said] = server.said
        assert said.channel == "C3"
        assert "Postgres does not answer" in said.text

        class NoRedis:
            async def set(self, *_: Any, **__: Any) -> None:
                raise RedisAwayError("refused")

        assert await DirectWay(channels, NoRedis(), here.clock).tell(signal) == 1
        await channels.close()


async def test_where_nobody_is_configured_the_log_says_so(here: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    signal = Signal(
        fingerprint="x",
        name="AncloraPostgresDown",
        severity=Severity.CRITICAL,
        labels={},
        summary="x",
        starts_at=here.clock.now(),
        source="evaluator",
    )
    channels = build_channels(load_settings(), here.clock)
    assert await DirectWay(channels, here.redis, here.clock).tell(signal) == 0
    assert "nobody_to_tell" in capsys.readouterr().out


async def test_a_real_look_sees_everything(here: Stage) -> None:
    facts = await Look(here.db, here.queue, here.redis, here.book, here.settings, here.clock).facts(None)
    assert None not in (facts.ledger, facts.lanes, facts.redis, facts.machine, facts.numbers)
    assert facts.numbers == {"sales": True}
    assert facts.ledger is not None
    assert (facts.ledger.workers, facts.ledger.heard) == (0, False)


async def test_a_redis_that_is_silent_is_seen_as_that_and_the_rest_goes_on(here: Stage) -> None:
    class Silent:
        async def info(self, *_: Any, **__: Any) -> Any:
            raise RedisAwayError("refused")

        async def stats(self) -> Any:
            raise RedisAwayError("refused")

    silent = Silent()
    signals = Kept()
    shown = Look(here.db, silent, silent, here.book, here.settings, here.clock)
    await Worker(here.db, here.settings, here.clock, role="dispatch").run_once()
    watch = watch_of(here, signals, shown)
    await watch.run_once()
    here.clock.pass_seconds(60)
    await here.db.execute("update workers set heartbeat_at = %(now)s", now=here.clock.now())
    await watch.run_once()
    assert signals.words == [("so", "AncloraRedisDown")]
