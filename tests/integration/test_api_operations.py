"""What operators ask: health, queue, metrics, instances, figures; and the contacts' doors."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from api_harness import PHONE, House, Lane, OneProvider, house
from msgspec.structs import replace

from anclora.health import EFFECTS, pulse
from anclora.health.model import Disk
from anclora.instances import register
from anclora.providers.contract import RemoteInstance
from anclora.queue import LaneStats, Queue
from anclora.storage.database import Database

OVERVIEW = "/analytics/metrics/overview"


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis) as running:
        yield running


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """How full this machine is at the moment is not what is asked."""
    task, disk = pulse.read_task, pulse.read_disk
    monkeypatch.setattr(pulse, "read_task", lambda: replace(task(), memory_bytes=1))

    def room(place: Path) -> Disk | None:
        found = disk(place)
        return found and replace(found, free_bytes=found.size_bytes)

    monkeypatch.setattr(pulse, "read_disk", room)


def later(doors: House) -> None:
    """Let what is cached grow old, without the clock leaving the database's."""
    clock: Any = doors.deps.clock
    clock.boot += 10


async def test_health_says_what_was_checked(doors: House) -> None:
    health = (await doors.ask("GET", "/health", key=None)).json
    assert (health["status"], health["version"]) == ("healthy", "0.0.0-test")
    assert health["uptime_seconds"] >= 0
    assert set(health["checks"]) == set(EFFECTS) - {"startup"}
    for check in health["checks"].values():
        assert check["status"] == "healthy"
        assert check["message"]
        assert check["duration_ms"] >= 0


async def test_redis_away_only_degrades(db: Database, redis: Any) -> None:
    async with house(db, redis, lanes=Lane(away=True)) as doors:
        for path in ("/health", "/health/ready"):
            health = await doors.ask("GET", path, key=None)
            assert (health.status, health.json["status"]) == (200, "degraded")
            assert health.json["checks"]["redis"]["status"] == "unhealthy"
        await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "hola"})
        later(doors)
        metrics = (await doors.ask("GET", "/queue/metrics", key=None)).json
        assert (metrics["source"], metrics["waiting"]) == ("ledger", 1)


async def test_the_database_away_is_unhealthy_and_the_process_lives(doors: House) -> None:
    await doors.deps.db.close()
    for path in ("/health", "/health/ready"):
        health = await doors.ask("GET", path, key=None)
        assert (health.status, health.json["status"]) == (503, "unhealthy")
    assert (await doors.ask("GET", "/health/live", key=None)).json["status"] == "healthy"
    assert (await doors.ask("GET", "/queue/metrics", key=None)).status == 503
    exposition = await doors.ask("GET", "/metrics", key=None)
    assert (exposition.status, b"anclora_error_rate NaN" in exposition.body) == (200, True)


async def test_a_clock_off_the_databases_is_unhealthy(doors: House) -> None:
    clock: Any = doors.deps.clock
    clock.pass_seconds(3)
    health = await doors.ask("GET", "/health", key=None)
    assert health.status == 503
    assert "clock" in health.json["checks"]["clock"]["message"]
    assert health.json["checks"]["database"]["status"] == "healthy"


async def test_ready_waits_for_the_start_and_health_does_not(db: Database, redis: Any) -> None:
    reasons: list[str | None] = ["the sandbox's number is not connected yet"]
    async with house(db, redis, ready=lambda: reasons[-1]) as doors:
        waiting = await doors.ask("GET", "/health/ready", key=None)
        assert (waiting.status, waiting.json["checks"]["startup"]["message"]) == (503, reasons[0])
        assert (await doors.ask("GET", "/health", key=None)).status == 200
        reasons.append(None)
        assert (await doors.ask("GET", "/health/ready", key=None)).status == 200


async def test_what_is_ready_says_nothing_from_before(db: Database, redis: Any) -> None:
    reasons: list[str | None] = ["No number is connected yet."]
    empty = OneProvider()
    empty.remotes.clear()
    async with house(db, redis, provider=empty, ready=lambda: reasons[-1]) as doors:
        assert (await doors.ask("GET", "/health", key=None)).json["status"] == "degraded"
        await register(db, "evolution", OneProvider())
        await doors.deps.book.refresh(newer_than_seconds=doors.deps.clock.boot_seconds())
        reasons.append(None)
        for path in ("/health/ready", "/health"):
            assert (await doors.ask("GET", path, key=None)).json["status"] == "healthy"


@pytest.mark.parametrize("state", ["connecting", "close"])
async def test_a_number_that_is_not_connected_degrades(db: Database, redis: Any, state: str) -> None:
    async with house(db, redis, provider=OneProvider(RemoteInstance(name="sales", state=state))) as doors:
        assert (await doors.ask("GET", "/health", key=None)).json["status"] == "degraded"


async def test_an_old_backlog_degrades(db: Database, redis: Any) -> None:
    async with house(db, redis, backlog_limit_seconds=60) as doors:
        await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "hola"})
        await db.execute("update messages set next_attempt_at = now() - interval '2 minutes'")
        health = (await doors.ask("GET", "/health", key=None)).json
        assert (health["status"], health["checks"]["queue"]["status"]) == ("degraded", "degraded")


async def test_what_is_only_delayed_is_no_backlog(db: Database, redis: Any) -> None:
    lane = Lane({"send:sales": LaneStats(0, 0, 1, False)})
    async with house(db, redis, lanes=lane, backlog_limit_seconds=60) as doors:
        await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "hola"})
        await db.execute("update messages set next_attempt_at = now() - interval '2 minutes'")
        assert (await doors.ask("GET", "/queue/metrics")).json["oldest_waiting_seconds"] == 0
        lane.counts = {"send:sales": LaneStats(1, 0, 0, False)}
        later(doors)
        assert (await doors.ask("GET", "/queue/metrics")).json["oldest_waiting_seconds"] == 10  # at most
        for _ in range(10):
            later(doors)
        assert (await doors.ask("GET", "/queue/metrics")).json["oldest_waiting_seconds"] > 100


async def test_the_queue_counts_lanes_and_ledger_and_is_cached_a_second(db: Database, redis: Any) -> None:
    lane = Lane(
        {"send:a": LaneStats(3, 2, 1, False), "send:b": LaneStats(1, 0, 0, True), "turn:1": LaneStats(9, 9, 9, False)}
    )
    async with house(db, redis, lanes=lane) as doors:
        first = (await doors.ask("GET", "/queue/metrics", key=None)).json
        assert (first["waiting"], first["active"], first["delayed"], first["source"]) == (4, 2, 1, "lanes")
        assert set(first) >= {"held", "scheduled", "completed", "failed", "dlq", "oldest_waiting_seconds"}
        lane.counts = {}
        assert (await doors.ask("GET", "/queue/metrics", key=None)).json == first
        later(doors)
        assert (await doors.ask("GET", "/queue/metrics", key=None)).json["waiting"] == 0


async def test_lanes_are_shown_to_a_key_only_and_not_while_redis_is_away(db: Database, redis: Any) -> None:
    lane = Lane(
        {"send:b": LaneStats(1, 0, 4, True), "send:a": LaneStats(3, 2, 0, False), "turn:1": LaneStats(9, 9, 9, False)}
    )
    async with house(db, redis, lanes=lane) as doors:
        assert "lanes" not in (await doors.ask("GET", "/queue/metrics", key=None)).json
        shown = (await doors.ask("GET", "/queue/metrics")).json["lanes"]
        names = ("instance", "waiting", "active", "delayed", "paused")
        assert [[lane[name] for name in names] for lane in shown] == [["a", 3, 2, 0, False], ["b", 1, 0, 4, True]]
        lane.away = True
        later(doors)
        assert "lanes" not in (await doors.ask("GET", "/queue/metrics")).json


async def test_the_real_queue_answers_the_doors(db: Database, redis: Any) -> None:
    async with house(db, redis, lanes=Queue(redis, lease_seconds=30)) as doors:
        assert (await doors.ask("GET", "/health", key=None)).json["checks"]["redis"]["status"] == "healthy"
        assert (await doors.ask("GET", "/queue/metrics", key=None)).json["waiting"] == 0


async def test_metrics_have_an_error_rate_and_count_requests_by_route(doors: House) -> None:
    await doors.ask("GET", "/api/v1/messages/019aac5e-7a00-7000-8000-000000000001")
    await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "hola"})
    text = (await doors.ask("GET", "/metrics", key=None)).body.decode()
    assert "\nanclora_error_rate 0.0\n" in text
    assert "\nanclora_error_rate_samples 0.0\n" in text
    assert 'anclora_http_requests_total{code="404",route="/api/v1/messages/{message_id}"}' in text
    assert 'anclora_http_requests_total{code="202",route="/api/v1/messages"}' in text
    assert "019aac5e" not in text


async def test_instances_show_more_to_a_key_that_may_see_it(db: Database, doors: House) -> None:
    path = "/api/whatsapp/instances"
    assert (await doors.ask("GET", path, key=None)).json == {"instances": [{"name": "sales", "status": "connected"}]}
    shown = (await doors.ask("GET", path)).json["instances"][0]
    assert shown["owner"] == "34911222333"
    assert shown.keys() == {"name", "status", "owner", "since"}
    await db.execute(
        "update instances set paused_until = now() + interval '1 hour', pause_reason = 'Connection Closed'"
    )
    later(doors)
    shown = (await doors.ask("GET", path)).json["instances"][0]
    assert (shown["status"], shown["reason"]) == ("stalled", "Connection Closed")
    assert (await doors.ask("GET", path, key=None)).json == {"instances": [{"name": "sales", "status": "stalled"}]}
    plain = await doors.make_key("messages:send")
    assert "owner" not in (await doors.ask("GET", path, key=plain)).json["instances"][0]
    assert (await doors.ask("GET", path, key="ak_wrong")).status == 401


async def test_closed_routes_ask_for_a_key(db: Database, redis: Any) -> None:
    async with house(db, redis, open_routes=False) as doors:
        paths = ("/health", "/health/ready", "/queue/metrics", "/metrics", "/api/whatsapp/instances")
        assert [(await doors.ask("GET", path, key=None)).status for path in paths] == [401] * 5
        assert [(await doors.ask("GET", path)).status for path in paths] == [200] * 5
        assert (await doors.ask("GET", "/health/live", key=None)).status == 200


async def test_the_overview_counts_each_event_in_its_moment(doors: House, db: Database) -> None:
    for text in ("uno", "dos"):
        await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": text})
    await db.execute("update messages set sent_at = now(), state = 'sent'")
    await db.execute(
        "update messages set delivered_at = now(), state = 'delivered' where id = (select id from messages limit 1)"
    )
    assert (await doors.ask("POST", "/analytics/mend")).json["mended"] == 2  # written by hand, sent and delivered
    found = (await doors.ask("GET", OVERVIEW)).json
    assert found["messages"] == {
        "sent": 2,
        "delivered": 1,
        "read": 0,
        "failed": 0,
        "delivery_rate": 0.5,
        "read_rate": 0.0,
    }
    assert found["conversations"] is found["conversions"] is None  # nobody counts them here, which is not zero
    assert set(found["period"]) == {"from", "to", "timezone"}
    past = (await doors.ask("GET", f"{OVERVIEW}?from=2020-01-01&to=2020-01-31")).json
    assert past["messages"]["sent"] == 0
    assert past["period"]["to"] == "2020-02-01T00:00:00+01:00"


async def test_the_overview_needs_a_key_with_its_scope(doors: House) -> None:
    assert (await doors.ask("GET", OVERVIEW, key=None)).status == 401
    assert (await doors.ask("GET", OVERVIEW, key=await doors.make_key("messages:read"))).status == 403
    for query in ("from=x", "from=2026-02-01&to=2026-01-01", "from=2020-01-01&to=2026-01-01", "to=9999-12-31"):
        assert (await doors.ask("GET", f"{OVERVIEW}?{query}")).json["code"] == "invalid_period"


async def test_a_person_opts_out_and_in(doors: House) -> None:
    path = f"/api/v1/contacts/{PHONE}"
    assert (await doors.ask("GET", path)).json["code"] == "contact_not_found"
    out = await doors.ask("PUT", f"{path}/opt-out", json={"reason": "asked"})
    assert (out.status, out.json["opt_out_reason"]) == (200, "asked")
    assert (await doors.ask("PUT", f"{path}/opt-out")).json == out.json
    assert (await doors.ask("GET", path)).json == out.json
    assert (await doors.ask("DELETE", f"{path}/opt-out")).json["opted_out_at"] is None
    reader = await doors.make_key("contacts:read")
    assert (await doors.ask("GET", path, key=reader)).status == 200
    assert (await doors.ask("PUT", f"{path}/opt-out", key=reader)).json["scope"] == "contacts:write"


@pytest.mark.parametrize(
    ("phone", "body", "status"),
    [
        ("12", b"", 422),
        (PHONE, b"{", 400),
        (PHONE, b'{"why": 1}', 422),
        (PHONE, b"[" * 9_000, 422),
        (PHONE, b" " * 10_001, 413),
    ],
)
async def test_a_bad_opt_out_is_a_problem(doors: House, phone: str, body: bytes, status: int) -> None:
    refused = await doors.ask("PUT", f"/api/v1/contacts/{phone}/opt-out", data=body)
    assert (refused.status, refused.headers["Content-Type"]) == (status, "application/problem+json")


async def test_many_who_ask_at_once_cost_one_count(doors: House) -> None:
    answers = await asyncio.gather(*(doors.ask("GET", "/queue/metrics", key=None) for _ in range(20)))
    assert len({answer.body for answer in answers}) == 1
