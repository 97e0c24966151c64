"""Metrics over a real ledger and real lanes: lateness, ends by fault, the error rate, and the whole installation."""

import math
from datetime import timedelta
from typing import Any

import pytest
from api_harness import PHONE, house
from messages_harness import DIGITS, Stage, lane_of, metric, send_round
from prometheus_client.parser import text_string_to_metric_families

from anclora.analytics import Overview, Period, overview
from anclora.analytics.others import conversion_counts
from anclora.api import metrics
from anclora.health import rules
from anclora.instances.book import BookKeeper
from anclora.messages.overview import error_rate
from anclora.messages.queue_view import QueueWatch
from anclora.providers.contract import Fault, Refused, Scope, Unknown
from anclora.queue import Limits, Queue
from anclora.storage.database import Database

_NOBODY = Refused(scope=Scope.RECIPIENT, code="not_on_whatsapp", text="no", permanent=True, fault=Fault.RECIPIENT)
_START = """
insert into workers (id, role, host, pid, heartbeat_at)
values (gen_random_uuid(), 'dispatch', 'h', %(pid)s, now() - make_interval(secs => %(ago_seconds)s))
"""
_THEIRS = Refused(scope=Scope.MESSAGE, code="broken_there", text="no", permanent=True, fault=Fault.PROVIDER)


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much disk and memory this machine has left is no matter here."""
    monkeypatch.setattr(rules, "LEAST_FREE_BYTES", 0)
    monkeypatch.setattr(rules, "MOST_MEMORY_SHARE", 1.0)


def ended(outcome: str, fault: str) -> Any:
    return metric("anclora_messages_total", outcome=outcome, fault=fault)


async def accept_some(here: Stage, count: int) -> None:
    """So many, each to somebody else."""
    for serial in range(count):
        await here.accept(f"#{serial}", to=f"+346001112{serial:02d}")


async def test_what_its_lanes_pace_held_back_is_not_late_and_no_backlog(here: Stage) -> None:
    await here.queue.limit(lane_of("sales"), Limits(per_second=0.25, burst=1))
    dispatcher = await here.dispatcher()
    all_of, in_time = (
        metric("anclora_dispatch_latency_seconds_count"),
        metric("anclora_dispatch_latency_seconds_bucket", le="10.0"),
    )
    await accept_some(here, 6)
    watch = QueueWatch(here.db, here.queue, here.book, here.settings, here.clock)
    await send_round(dispatcher)
    for _ in range(5):
        assert (await watch.look()).oldest_waiting_seconds == 0  # all that is left waits for its slot
        await here.pass_seconds(4.05)
        assert (await watch.look()).oldest_waiting_seconds < 5  # one has it, and nobody took it yet
        await send_round(dispatcher)
    assert (all_of(), in_time()) == (6, 6)  # the last one was accepted more than twenty seconds before


async def test_what_nobody_had_a_hand_for_is_late(here: Stage) -> None:
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    all_of, in_time = (
        metric("anclora_dispatch_latency_seconds_count"),
        metric("anclora_dispatch_latency_seconds_bucket", le="30.0"),
    )
    await accept_some(here, 3)
    watch = QueueWatch(here.db, here.queue, here.book, here.settings, here.clock)
    await here.pass_seconds(40)
    view = await watch.look()
    assert (view.waiting, view.oldest_waiting_seconds > 39, view.drain_seconds) == (3, True, None)
    dispatcher = await here.dispatcher()
    await send_round(dispatcher)
    assert (all_of(), in_time()) == (3, 0)


async def test_behind_another_message_of_the_same_person_nobody_is_late(here: Stage) -> None:
    dispatcher = await here.dispatcher()
    all_of, in_time = (
        metric("anclora_dispatch_latency_seconds_count"),
        metric("anclora_dispatch_latency_seconds_bucket", le="10.0"),
    )
    for serial in range(3):
        await here.accept(f"#{serial}")
    for _ in range(3):
        await send_round(dispatcher)
        await here.pass_seconds(5)
    assert (all_of(), in_time()) == (3, 3)  # the last one was accepted more than ten seconds before


async def test_ends_are_counted_by_whose_fault_they_are(here: Stage, provider: Any) -> None:
    counts = {pair: ended(*pair) for pair in (("sent", "none"), ("failed", "recipient"), ("failed", "provider"))}
    canceled, buried = ended("canceled", "none"), metric("anclora_dlq_messages_total", reason="too_old")
    provider.script["#1"].append(_NOBODY)
    provider.script["#2"].append(_THEIRS)
    await accept_some(here, 4)
    await send_round(await here.dispatcher())
    assert {pair: count() for pair, count in counts.items()} == {
        ("sent", "none"): 2,
        ("failed", "recipient"): 1,
        ("failed", "provider"): 1,
    }
    old = await here.accept("old")
    await here.set(old, eligible_at=None)
    await here.db.execute("update messages set eligible_at = now() - interval '2 days' where id = %(id)s", id=old)
    await send_round(await here.dispatcher())
    assert (await here.state(old), buried(), canceled()) == ("dead", 1, 0)


async def test_the_error_rate_is_of_messages_that_ended_and_not_of_attempts(here: Stage, provider: Any) -> None:
    now = here.clock.now
    empty = await error_rate(here.db, now())
    assert (empty.rate, empty.samples) == (0.0, 0)
    provider.script["#0"].append(_NOBODY)
    provider.script["#1"].append(_THEIRS)
    provider.script["#2"].append(Unknown(code="timeout", text="no answer"))  # in doubt, not ended
    provider.script["#3"].append(Refused(scope=Scope.MESSAGE, code="busy_there", text="later"))  # it is tried again
    await accept_some(here, 8)
    await send_round(await here.dispatcher())
    found = await error_rate(here.db, now())
    assert (found.samples, found.rate) == (6, pytest.approx(1 / 6, abs=1e-6))


async def test_the_last_minutes_are_found_without_reading_all(db: Database) -> None:
    async with db.connection() as conn:
        await conn.execute("set enable_seqscan = off")
        plan = await (
            await conn.execute(
                "explain (costs off) select count(*) from attempts where finished_at > now() - interval '5 minutes'"
            )
        ).fetchall()
        await conn.execute("reset enable_seqscan")
    assert any("finished_at" in str(row[0]) and "Index" in str(row[0]) for row in plan), plan


async def series(doors: Any) -> dict[str, dict[tuple[str, ...], float]]:
    """What a scrape reads: by name, the values by their labels' values."""
    text = (await doors.ask("GET", "/metrics", key=None)).body.decode()
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


async def test_a_scrape_tells_of_the_whole_installation(db: Database, redis: Any) -> None:
    async with house(db, redis, lanes=Queue(redis, lease_seconds=30)) as doors:
        await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "hola"})
        later = {"to": PHONE, "text": "luego", "send_at": (doors.deps.clock.now() + timedelta(days=1)).isoformat()}
        await doors.ask("POST", "/api/v1/messages", json=later)
        for pid, ago_seconds in ((1, 0), (2, 120)):
            await db.execute(_START, pid=pid, ago_seconds=ago_seconds)
        await BookKeeper(doors.deps.book, doors.deps.clock).run_once()
        told = await series(doors)
        assert told["anclora_queue_depth"]["all", "scheduled"] == 1
        assert told["anclora_queue_depth"]["sales", "waiting"] + told["anclora_queue_depth"]["sales", "active"] <= 1
        assert told["anclora_queue_oldest_age_seconds"].keys() == {("sales",)}
        assert told["anclora_worker_up"] == {("dispatch", "h-1"): 1.0, ("dispatch", "h-2"): 0.0}
        assert told["anclora_worker_last_heartbeat_timestamp_seconds"]["dispatch", "h-1"] > 1.7e9
        assert told["anclora_dependency_up"] == {("postgres",): 1.0, ("redis",): 1.0, ("evolution",): 1.0}
        assert told["anclora_circuit_state"] == {("evolution",): 0.0}
        assert told["anclora_evolution_instance_connected"] == {("sales",): 1.0}
        assert told["anclora_redis_connections"][()] >= 1
        assert told["anclora_redis_memory_bytes"][()] > 100_000
        assert told["anclora_inflight_lease_expired"] == {(): 0.0}
        assert told["anclora_today_messages"].keys() == {("sent",), ("delivered",), ("read",), ("failed",)}
        assert set(told["anclora_health_check_status"]) >= {("database",), ("redis_storage",), ("disk",)}
        assert told["anclora_health_status"] == {(): 0.0}
        assert told["process_start_time_seconds"][()] > 1.7e9
        assert DIGITS not in str(told)


async def test_what_is_not_known_has_no_series_and_the_scrape_goes_on(db: Database, redis: Any) -> None:
    async with house(db, redis, lanes=Queue(redis, lease_seconds=30)) as doors:
        await series(doors)
        clock: Any = doors.deps.clock
        clock.boot += 100
        await db.close()
        told = await series(doors)
        assert told["anclora_dependency_up"]["postgres",] == 0.0
        assert "anclora_queue_depth" not in told
        assert "anclora_today_messages" not in told
        assert told["anclora_health_status"] == {(): 2.0}


async def test_figures_nobody_can_sum_up_do_not_end_the_scrape(
    db: Database, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def of_no_currency(db: Database, period: Period, **_others: Any) -> Overview:
        count = conversion_counts(currency="XXQ", zone="Europe/Madrid")
        return await overview(db, period, conversions=count)

    monkeypatch.setattr(metrics, "overview", of_no_currency)
    async with house(db, redis, lanes=Queue(redis, lease_seconds=30)) as doors:
        told = await series(doors)
        assert "anclora_today_messages" not in told
        assert told["anclora_health_status"] == {(): 0.0}


async def test_a_database_that_was_never_migrated_is_told_in_words(db: Database, redis: Any) -> None:
    async with house(db, redis) as doors:
        for table in ("alembic_version", "workers", "tallies", "attempts"):
            await db.execute(f"alter table {table} rename to gone_{table}")  # pyright: ignore[reportArgumentType]
        health = await doors.ask("GET", "/health", key=None)
        assert (health.status, health.json["status"]) == (503, "unhealthy")
        assert health.json["checks"]["migrations"]["message"] == "refuses the question: UndefinedTable"
        told = await series(doors)
        assert math.isnan(told["anclora_error_rate"][()])
        assert told["anclora_health_check_status"]["migrations",] == 2.0


async def test_refused_numbers_open_the_circuit(db: Database, redis: Any) -> None:
    async with house(db, redis, lanes=Queue(redis, lease_seconds=30)) as doors:
        await db.execute("update instances set paused_until = now() + interval '1 hour', pause_reason = 'x'")
        told = await series(doors)
        assert told["anclora_circuit_state"] == {("evolution",): 2.0}
        assert told["anclora_dependency_up"]["evolution",] == 0.0
