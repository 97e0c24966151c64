"""The doors of whoever stops and lets go: what they close stays closed and is told, in the figures too."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from api_harness import PHONE, House, Lane, house
from messages_harness import ScriptedProvider, Stage, send_round, stage

from anclora.messages.pacing import PaceKeeper
from anclora.queue import LaneStats, Queue
from anclora.storage.database import Database

ALL = frozenset(range(4))


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis, lanes=Queue(redis, lease_seconds=30, test_offset=True)) as running:
        yield running


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis, ScriptedProvider()) as running:
        yield running


@pytest.mark.parametrize(
    ("body", "gate"),
    [
        ({"everything": True}, ("all", "", "")),
        ({"instance": "sales"}, ("instance", "sales", "")),
        ({"priority": "low"}, ("priority", "low", "")),
        ({"priority": "low", "instance": "sales"}, ("priority", "low", "sales")),
        ({"class": "marketing"}, ("class", "marketing", "")),
        (
            {"campaign_id": "019aac5e-7a00-7000-8000-000000000001"},
            ("campaign", "019aac5e-7a00-7000-8000-000000000001", ""),
        ),
        ({"tag": "black-friday"}, ("tag", "black-friday", "")),
    ],
)
async def test_each_kind_of_stop_is_closed_shown_and_opened(
    doors: House, body: dict[str, Any], gate: tuple[str, str, str]
) -> None:
    closed = await doors.ask("POST", "/api/v1/queue/pause", json=body | {"why": "a look first"})
    assert closed.status == 200
    assert (await doors.ask("GET", "/api/v1/queue/gates")).json == closed.json
    [shown] = closed.json["gates"]
    assert ((shown["what"], shown["value"], shown["instance"]), shown["why"]) == (gate, "a look first")
    assert (await doors.ask("POST", "/api/v1/queue/resume", json=body)).json["gates"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "nothing_chosen"),
        ({"tag": "x", "class": "reply"}, "nothing_chosen"),
        ({"instance": "nobody"}, "unknown_instance"),
        ({"class": "spam"}, "schema"),
        ({"tag": "x" * 201}, "invalid_text"),
        ({"tag": "a\nb"}, "invalid_text"),
        ({"tag": "x", "why": "y" * 201}, "invalid_text"),
        ({"tags": "x"}, "schema"),
    ],
)
async def test_a_bad_stop_changes_nothing(doors: House, body: dict[str, Any], code: str) -> None:
    refused = await doors.ask("POST", "/api/v1/queue/pause", json=body)
    assert (refused.status, refused.json["code"]) == (422, code)
    assert (await doors.ask("GET", "/api/v1/queue/gates")).json == {"gates": [], "quiet_hours": {}}


async def test_quiet_hours_are_set_and_lifted(doors: House) -> None:
    path = "/api/v1/queue/quiet-hours"
    answer = await doors.ask("PUT", f"{path}/marketing", json={"hours": "21:00-09:00"})
    assert answer.json["quiet_hours"] == {"marketing": "21:00-09:00"}
    assert (await doors.ask("PUT", f"{path}/reply", json={"hours": "21:00-09:00"})).json["code"] == "quiet_reply"
    assert (await doors.ask("PUT", f"{path}/marketing", json={"hours": "9-10"})).json["code"] == "invalid_hours"
    assert (await doors.ask("PUT", f"{path}/nobody", json={"hours": None})).status == 422
    assert (await doors.ask("PUT", f"{path}/marketing", json={"hours": None})).json["quiet_hours"] == {}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/api/v1/queue/pause", "messages:read"),
        ("POST", "/api/v1/queue/resume", "messages:read"),
        ("PUT", "/api/v1/queue/quiet-hours/marketing", "messages:read"),
        ("GET", "/api/v1/queue/gates", "queue:write"),
        ("GET", "/api/v1/queue/drain", "queue:write"),
    ],
)
async def test_each_door_needs_its_scope(doors: House, method: str, path: str, scope: str) -> None:
    key = await doors.make_key(scope)
    assert (await doors.ask(method, path, key=key, json={})).status == 403
    assert (await doors.ask(method, path, key=None, json={})).status == 401


async def test_a_drain_ends_when_lanes_know_and_nothing_is_in_flight(db: Database, redis: Any, here: Stage) -> None:
    async def drain(doors: House) -> dict[str, Any]:
        return (await doors.ask("GET", "/api/v1/queue/drain")).json

    async with house(db, redis, lanes=here.queue) as doors:
        assert (await drain(doors))["drained"] is False
        [intent] = (await here.intend(await here.accept())).send
        await doors.ask("POST", "/api/v1/queue/pause", json={"everything": True})
        assert await drain(doors) == {
            "drained": False,
            "stopped": True,
            "open_lanes": ["sales"],
            "sending": 1,
            "in_flight": 0,
        }
        [taken] = (await here.queue.claim(range(here.settings.shards), 1, consumer="send:")).items
        await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()
        assert (await drain(doors))["open_lanes"] == []
        provider = here.providers["evolution"]
        await here.finish(intent, await provider.send("sales", "34", intent.content, reference=str(intent.id)))
        assert (await drain(doors) | {"open_lanes": []})["in_flight"] == 1
        await here.queue.complete([taken])
        assert (await drain(doors))["drained"]


async def test_the_figures_tell_what_is_held_what_is_stopped_and_why(db: Database, redis: Any, here: Stage) -> None:
    async with house(db, redis, lanes=here.queue, default_pacing="sandbox") as doors:
        await here.accept(tags=["x"])
        await doors.ask("POST", "/api/v1/queue/pause", json={"tag": "x"})
        await send_round(await here.dispatcher())
        await here.accept(to="+34600111333")
        await doors.ask("PATCH", "/api/v1/instances/sales/pacing", json={"per_minute": 30, "per_day": 100})
        await doors.ask("POST", "/api/v1/queue/pause", json={"instance": "sales", "why": "new phone"})
        await PaceKeeper(here.db, here.queue, here.settings, here.clock).run_once()
        figures = (await doors.ask("GET", "/queue/metrics")).json
        assert {name: figures[name] for name in ("waiting", "active", "delayed", "held")} == {
            "waiting": 0,
            "active": 0,
            "delayed": 1,
            "held": 1,
        }
        assert figures["lanes"] == [
            {
                "instance": "sales",
                "waiting": 0,
                "active": 0,
                "delayed": 1,
                "held": 1,
                "oldest_waiting_seconds": 0.0,
                "paused": True,
                "why": "new phone",
                "closed": ["critical", "high", "normal", "low"],
                "per_minute": 30.0,
                "sent_24h": 0,
                "cap_24h": 100,
            }
        ]


async def test_a_resting_number_says_why_it_is_paused(db: Database, redis: Any) -> None:
    lane = Lane({"send:sales": LaneStats(0, 0, 1, True)})
    async with house(db, redis, lanes=lane) as doors:
        await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "hola"})
        await db.execute("update instances set paused_until = now() + interval '1 hour', pause_reason = 'closed'")
        doors.deps.clock.pass_seconds(6)  # pyright: ignore[reportAttributeAccessIssue]
        [shown] = (await doors.ask("GET", "/queue/metrics")).json["lanes"]
        assert (shown["paused"], shown["why"], shown["cap_24h"]) == (True, "closed", 1_000)
