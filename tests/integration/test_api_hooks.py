"""The doors of webhooks out: made with a secret, changed, paused, told again, and every step audited."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from api_harness import House, house
from hooks_harness import READ, HookStage, hook_stage, verified

from anclora.cli import main
from anclora.storage.database import Database

PATH = "/api/v1/hooks"


@pytest.fixture
async def here(db: Database) -> AsyncGenerator[HookStage, None]:
    async with hook_stage(db) as running:
        yield running


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis, hooks_allow="127.0.0.0/8") as running:
        yield running


async def made(doors: House, here: HookStage, **wish: Any) -> tuple[str, str]:
    body = {"url": here.subscriber.url, "types": ["*"], "linger_seconds": 0} | wish
    answer = await doors.ask("POST", PATH, json=body)
    assert answer.status == 200, answer.body
    return answer.json["hook"]["id"], answer.json["secret"]


async def test_from_a_subscription_to_a_signed_request(doors: House, here: HookStage) -> None:
    hook_id, secret = await made(doors, here, name="CRM")
    sent = (await doors.ask("POST", f"{PATH}/{hook_id}/test")).json
    shown = (await doors.ask("GET", f"{PATH}/{hook_id}")).json
    assert (shown["status"], shown["waiting"], shown["why"]) == ("active", 1, "On its way.")
    await here.deliver()
    [heard] = here.subscriber.heard
    assert verified(heard, secret)
    assert [(each["id"], each["type"]) for each in heard.events] == [(sent["event_id"], "hook.test")]
    [delivery] = (await doors.ask("GET", f"{PATH}/{hook_id}/deliveries")).json["deliveries"]
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 200)
    detail = (await doors.ask("GET", f"{PATH}/{hook_id}/deliveries/{sent['event_id']}")).json
    assert detail["payload"]["data"] == {"text": "(15 characters)"}
    assert detail["requests"][0]["answer"] == "+…222 said no"
    [listed] = (await doors.ask("GET", PATH)).json["hooks"]
    assert (listed["id"], listed["why"]) == (hook_id, "Nothing waits.")
    assert "whsec" not in json.dumps(listed)


async def test_the_log_shows_no_words_and_no_numbers_of_people(doors: House, here: HookStage) -> None:
    hook_id, _ = await made(doors, here)
    words = {"text": "Hola María", "handoff_note": "María is angry"}
    event = await here.happen("contact:34600111222", READ, sender="34600111222", list=["+34600111333"], **words)
    await here.deliver()
    detail = (await doors.ask("GET", f"{PATH}/{hook_id}/deliveries/{event}")).json
    assert "María" not in str(detail["payload"])
    assert detail["payload"]["subject"] == "contact:…222"
    assert detail["payload"]["data"]["sender"] == "…222"
    assert detail["payload"]["data"]["list"] == ["…333"]
    assert here.subscriber.taken[0]["data"]["text"] == "Hola María"


async def test_an_endpoint_that_fails_says_why_in_the_list(doors: House, here: HookStage) -> None:
    hook_id, _ = await made(doors, here)
    here.subscriber.says = lambda _heard: 503
    await here.happen("message:1")
    await here.deliver()
    [listed] = (await doors.ask("GET", PATH)).json["hooks"]
    assert (listed["status"], listed["failures"], listed["last_error"]) == ("failing", 1, "it answered 503")
    assert "it answered 503; next at" in listed["why"]
    paused = (await doors.ask("POST", f"{PATH}/{hook_id}/pause", json={"why": "moving"})).json
    assert (paused["status"], paused["paused_by"]) == ("paused", "person")
    assert paused["why"].endswith("moving")
    assert (await doors.ask("POST", f"{PATH}/{hook_id}/test")).status == 409
    resumed = (await doors.ask("POST", f"{PATH}/{hook_id}/resume")).json
    assert (resumed["status"], resumed["waiting"]) == ("active", 1)


async def test_a_span_is_told_again_once_per_wish(doors: House, here: HookStage) -> None:
    before = here.clock.now() - timedelta(minutes=1)
    early = await here.happen("message:1")
    while await here.fan_out.run_once():
        continue
    hook_id, _ = await made(doors, here)
    span = {"from": before.isoformat()}
    assert (await doors.ask("POST", f"{PATH}/{hook_id}/replay", json=span)).json == {"count": 1}
    await here.deliver_all()
    assert [each["id"] for each in here.subscriber.taken] == [str(early)]
    assert (await doors.ask("POST", f"{PATH}/{hook_id}/replay", json=span)).json == {"count": 0}
    assert (await doors.ask("POST", f"{PATH}/{hook_id}/replay", json=span | {"again": True})).json == {"count": 1}
    for wrong in (
        {},
        {"from": "2026-01-31T09:00:00"},
        {"from": "2100-01-01T00:00:00Z"},
        span | {"event_id": str(early)},
    ):
        assert (await doors.ask("POST", f"{PATH}/{hook_id}/replay", json=wrong)).status == 422
    nothing = {"event_id": hook_id}
    assert (await doors.ask("POST", f"{PATH}/{hook_id}/replay", json=nothing)).json["code"] == "delivery_not_found"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"url": "http://169.254.169.254/latest/"}, "refused_address"),
        ({"url": "http://[::1]/"}, "refused_address"),
        ({"url": "http://10.0.0.1:8080/"}, "refused_address"),
        ({"url": "ftp://crm.example.com/"}, "bad_hook_url"),
        ({"types": ["message.flown"]}, "unknown_event_type"),
        ({"types": []}, "schema"),
        ({"batch_size": 0}, "schema"),
        ({"name": "a\0"}, "invalid_text"),
    ],
)
async def test_what_cannot_be_subscribed_is_refused(
    doors: House, here: HookStage, wish: dict[str, Any], code: str
) -> None:
    body = {"url": here.subscriber.url, "types": ["*"]} | wish
    refused = await doors.ask("POST", PATH, json=body)
    assert (refused.status, refused.json["code"]) == (422, code)
    hook_id, _ = await made(doors, here)
    changed = await doors.ask("PATCH", f"{PATH}/{hook_id}", json=wish)
    assert (changed.status, changed.json["code"]) == (422, code)


async def test_a_secret_is_for_those_who_may_write(doors: House, here: HookStage) -> None:
    hook_id, secret = await made(doors, here)
    reader = await doors.make_key("hooks:read")
    assert (await doors.ask("GET", f"{PATH}/{hook_id}", key=reader)).status == 200
    assert (await doors.ask("GET", f"{PATH}/{hook_id}/secret", key=reader)).status == 403
    assert (await doors.ask("GET", f"{PATH}/{hook_id}/secret")).json == {"secret": secret, "old_secret_until": None}
    fresh = (await doors.ask("POST", f"{PATH}/{hook_id}/secret")).json
    assert fresh["secret"] != secret
    assert fresh["old_secret_until"]


async def test_every_step_is_in_the_trail_without_the_secret(doors: House, here: HookStage) -> None:
    hook_id, secret = await made(doors, here)
    for method, path, body in (
        ("PATCH", "", {"types": ["message.read"]}),
        ("POST", "/secret", None),
        ("POST", "/pause", {"why": "x"}),
        ("POST", "/resume", None),
        ("POST", "/test", None),
        ("DELETE", "", None),
    ):
        assert (await doors.ask(method, f"{PATH}/{hook_id}{path}", json=body)).status == 200
    rows = await doors.deps.db.fetch_all(
        "select action, detail from audit where subject = %(s)s order by id", s=f"hook:{hook_id}"
    )
    actions = ["create", "change", "rotate_secret", "pause", "resume", "test", "delete"]
    assert [row["action"] for row in rows] == [f"hook.{each}" for each in actions]
    assert secret not in str(rows)
    assert (await doors.ask("GET", f"{PATH}/{hook_id}")).status == 404
    assert (await doors.ask("GET", f"{PATH}/{hook_id}/deliveries")).status == 404


async def test_the_command_line_does_it_all(
    doors: House, here: HookStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANCLORA_URL", doors.address)
    monkeypatch.setenv("API_KEY", doors.key)

    async def run(*words: str) -> Any:
        def go() -> int:
            try:
                main()
            except SystemExit as end:
                return int(end.code or 0)
            return 0

        monkeypatch.setattr(sys, "argv", ["anclora", "hooks", *words, "--json"])
        assert await asyncio.to_thread(go) == 0
        return json.loads(capsys.readouterr().out)

    new = await run(
        "create", here.subscriber.url, "--type", "message.*", "--name", "CRM", "--linger", "0", "--batch", "1"
    )
    hook_id = new["hook"]["id"]
    assert (await run("list"))[0]["types"] == ["message.*"]
    assert (await run("change", hook_id, "--type", "*", "--batch", "5"))["batch_size"] == 5
    event = (await run("test", hook_id))["event_id"]
    await here.deliver()
    assert (await run("deliveries", hook_id))["deliveries"][0]["state"] == "delivered"
    assert (await run("deliveries", hook_id, "--event", event))["delivery"]["event_id"] == event
    assert await run("replay", hook_id, "--event", event) == {"count": 1}
    assert (await run("pause", hook_id, "--why", "moving"))["status"] == "paused"
    assert (await run("resume", hook_id))["status"] == "active"
    assert (await run("show", hook_id))["waiting"] == 1
    assert (await run("secret", hook_id))["secret"] == new["secret"]
    assert (await run("secret", hook_id, "--rotate"))["secret"] != new["secret"]
    assert await run("delete", hook_id) == {"id": hook_id}
