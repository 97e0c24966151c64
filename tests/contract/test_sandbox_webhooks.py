"""The sandbox posts the recorded webhooks, and delivers them as the recorded server did."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sandbox_receiver import Receiver, receiving
from sandbox_report import GLOBAL_KEY, Recording, exception, masked, recordings
from sandbox_stage import arrange, name_of, script_of, sent

from anclora.providers.sandbox import Sandbox, Script, running_sandbox
from anclora.providers.sandbox.script import Number, Receipts, Replies, Webhooks

RECORDINGS = recordings()
SENDS = [
    recording
    for recording in RECORDINGS
    if exception(recording) is None
    and recording.request["path"].startswith("/message/send")
    and [hook["body"]["event"] for hook in recording.content["webhooks"]][:1] == ["send.message"]
    and recording.content["webhooks"][0]["path"] == "/hook"
]
NUMBER = Number(name="bai-fake")
AT_ONCE = Receipts(server_ack_ms=(0, 0), delivery_ms=(1, 1), read_ms=(2, 2))


def recorded(event: str, *groups: str) -> list[dict[str, Any]]:
    """Every recorded body of one event in some groups."""
    hooks = [hook for recording in RECORDINGS if recording.group in groups for hook in recording.content["webhooks"]]
    found = [hook["body"] for hook in hooks if isinstance(hook["body"], dict) and hook["body"].get("event") == event]
    assert found, f"no {event} was recorded"
    return found


@contextlib.asynccontextmanager
async def playing(script: Script, folder: Path) -> AsyncGenerator[tuple[Sandbox, Receiver, aiohttp.ClientSession]]:
    async with (
        receiving() as receiver,
        running_sandbox(script, folder / "witness.jsonl", api_key=GLOBAL_KEY, webhook_url=receiver.url) as sandbox,
        aiohttp.ClientSession(sandbox.url, headers={"apikey": GLOBAL_KEY}) as session,
    ):
        yield sandbox, receiver, session


@pytest.mark.parametrize("recording", SENDS, ids=str)
async def test_a_send_is_announced_as_recorded(recording: Recording, tmp_path: Path) -> None:
    async with playing(script_of(recording), tmp_path) as (sandbox, receiver, session):
        arrange(sandbox.world, recording)
        instance = sandbox.world.instances[name_of(recording) or ""]
        sandbox.world.set_webhook(instance, {"enabled": True, "url": receiver.url}, events=["SEND_MESSAGE"])
        headers, data = sent(recording)
        async with session.post(recording.request["path"], data=data, headers=headers) as answer:
            assert answer.status == 201
        await receiver.until(lambda: bool(receiver.bodies))
    assert masked(receiver.bodies[0]) == masked(recording.content["webhooks"][0]["body"])
    own = {name: value for name, value in receiver.headers[0].items() if name not in {"host", "content-length"}}
    assert own == {
        "accept": "application/json, text/plain, */*",
        "content-type": "application/json",
        "user-agent": "axios/1.13.2",
        "accept-encoding": "gzip, compress, deflate, br",
    }


@pytest.mark.parametrize("status", ["SERVER_ACK", "DELIVERY_ACK", "READ", "ERROR"])
async def test_receipts_look_as_recorded(status: str, tmp_path: Path) -> None:
    receipts = Receipts(server_ack_ms=(0, 0), delivery_ms=(1, 1), read_ms=(2, 2), error_share=float(status == "ERROR"))
    async with playing(Script(instances=(NUMBER,), receipts=receipts), tmp_path) as (_, receiver, session):
        await session.post("/message/sendText/bai-fake", json={"number": "5511999990001", "text": "x"})
        await receiver.until(lambda: status in {body["data"]["status"] for body in receiver.of("messages.update")})
    played = next(body for body in receiver.of("messages.update") if body["data"]["status"] == status)
    known = [
        body
        for body in recorded("messages.update", "baileys_ack")
        if body["data"]["status"] == status
        and "message" not in body["data"]
        and "@lid" not in body["data"]["remoteJid"]
    ]
    assert known
    assert all(masked(played) == masked(body) for body in known)


async def test_inbound_looks_as_recorded(tmp_path: Path) -> None:
    async with playing(Script(instances=(NUMBER,)), tmp_path) as (_, receiver, session):
        for text in ("oi", "oi de novo"):
            await session.post("/sandbox/inbound/bai-fake", json={"from": "5511999990001", "text": text})
        await receiver.until(lambda: len(receiver.bodies) == 4)
    played = sorted((masked(body) for body in receiver.bodies), key=lambda body: (body["event"], str(body["data"])))
    known = [
        hook["body"]
        for item in RECORDINGS
        if item.file[:3] in {"001", "002"}
        for hook in item.content["webhooks"]
        if item.group == "baileys_inbound"
    ]
    for body in [*played, *known]:
        body["data"]["pushName"] = "somebody"
    assert played == sorted((masked(body) for body in known), key=lambda body: (body["event"], str(body["data"])))


async def test_connection_changes_look_as_recorded(tmp_path: Path) -> None:
    async with playing(Script(instances=(NUMBER,)), tmp_path) as (_, receiver, session):
        path = "/sandbox/instances/bai-fake/state"
        await session.post(path, json={"state": "close", "reason": 428, "for_seconds": 0.01})
        await receiver.until(lambda: len(receiver.of("connection.update")) == 2)
        await session.post(path, json={"state": "close", "reason": 401})
        await receiver.until(lambda: len(receiver.bodies) == 5)
    for event in ("connection.update", "status.instance", "logout.instance"):
        known = [masked(body) for body in recorded(event, "baileys_connection")]
        for body in receiver.of(event):
            assert masked(body) in known, event


async def test_create_and_delete_look_as_recorded(tmp_path: Path) -> None:
    async with playing(Script(instances=()), tmp_path) as (_, receiver, session):
        wanted = {"url": receiver.url, "events": []}
        body = {"instanceName": "evo-two", "integration": "EVOLUTION", "webhook": wanted}
        await session.post("/instance/create", json=body)
        await session.delete("/instance/delete/evo-two")
        await receiver.until(lambda: len(receiver.bodies) == 3)
    for event in ("instance.create", "instance.delete", "remove.instance"):
        known = [
            _nameless(body)
            for body in recorded(event, "instance", "deletion", "baileys_connection")
            if "sender" not in body
        ]
        assert _nameless(receiver.of(event)[0]) in known


def _nameless(body: dict[str, Any]) -> Any:
    shown = masked(body) | {"instance": "<name>"}
    if shown["data"]:
        shown["data"] = shown["data"] | {"instanceName": "<name>"}
    return shown


@pytest.mark.parametrize(("status", "tries"), [(500, 4), (429, 4), (408, 4), (302, 4), (400, 1), (401, 1), (404, 1)])
async def test_what_is_retried_and_what_is_lost(status: int, tries: int, tmp_path: Path) -> None:
    script = Script(instances=(NUMBER,), webhooks=Webhooks(retry_scale=0.0, tries=4))
    async with playing(script, tmp_path) as (sandbox, receiver, session):
        receiver.answers = [status] * tries
        await session.post("/sandbox/instances/bai-fake/state", json={"state": "open"})
        await receiver.until(lambda: len(receiver.bodies) == tries)
        # One more event, so that a further try of the first would have come before it or with it.
        await session.post("/sandbox/instances/bai-fake/state", json={"state": "open"})
        await receiver.until(lambda: len(receiver.bodies) == tries + 1)
        hooks = sandbox.world.instances["bai-fake"].hooks
        assert (hooks.retried, hooks.dropped) == (tries - 1, 1)


async def test_a_receiver_that_comes_back_gets_everything(tmp_path: Path) -> None:
    script = Script(instances=(NUMBER,), webhooks=Webhooks(retry_scale=0.0), receipts=AT_ONCE)
    async with playing(script, tmp_path) as (_, receiver, session):
        receiver.answers = [503] * 6
        await session.post("/message/sendText/bai-fake", json={"number": "34600111222", "text": "x"})
        await receiver.until(lambda: len(receiver.bodies) == 10)
    assert sorted({body["event"] for body in receiver.bodies[6:]}) == ["messages.update", "send.message"]


async def test_by_events_adds_the_event_to_the_path(tmp_path: Path) -> None:
    async with playing(Script(instances=(NUMBER,)), tmp_path) as (_, receiver, session):
        hook = {"enabled": True, "url": f"{receiver.url}?token=abc", "byEvents": True, "events": ["CONNECTION_UPDATE"]}
        await session.post("/webhook/set/bai-fake", json={"webhook": hook})
        await session.post("/sandbox/instances/bai-fake/state", json={"state": "open"})
        await receiver.until(lambda: bool(receiver.bodies))
    assert receiver.paths == ["/hook?token=abc/connection-update"]


async def test_own_headers_go_along_and_other_events_stay_away(tmp_path: Path) -> None:
    async with playing(Script(instances=(NUMBER,), replies=Replies()), tmp_path) as (_, receiver, session):
        hook = {
            "enabled": True,
            "url": receiver.url,
            "headers": {"X-Anclora-Secret": "s"},
            "events": ["MESSAGES_UPSERT"],
        }
        await session.post("/webhook/set/bai-fake", json={"webhook": hook})
        await session.post("/sandbox/instances/bai-fake/state", json={"state": "open"})
        await session.post("/sandbox/inbound/bai-fake", json={"from": "34600111222", "text": "hola"})
        await receiver.until(lambda: bool(receiver.bodies))
    assert receiver.headers[0]["x-anclora-secret"] == "s"
    assert [body["event"] for body in receiver.bodies] == ["messages.upsert"]


@pytest.mark.parametrize("hook", [{"url": ""}, {"url": "ftp://x/"}, {"headers": {"x": "1\r\ny: 2"}}])
async def test_what_cannot_be_posted_is_lost_and_the_send_goes_on(hook: dict[str, Any], tmp_path: Path) -> None:
    script = Script(instances=(NUMBER,), receipts=Receipts(never_share=1.0, early_share=1.0))
    async with playing(script, tmp_path) as (sandbox, receiver, session):
        row = {"enabled": True, "url": receiver.url, "events": []} | hook
        await session.post("/webhook/set/bai-fake", json={"webhook": row})
        async with session.post("/message/sendText/bai-fake", json={"number": "34600111222", "text": "x"}) as answer:
            assert answer.status == 201
        assert (sandbox.world.instances["bai-fake"].hooks.dropped, receiver.bodies) == (1, [])
