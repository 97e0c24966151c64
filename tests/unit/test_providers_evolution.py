"""The Evolution provider over a real socket: what it asks, and what it makes of the answers."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scripted_http import answer, hold, reset, scripted, within

from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError, NotFoundError, SetupError, UnauthorizedError, UnavailableError
from anclora.kit.settings import Settings
from anclora.providers import registry
from anclora.providers.contract import (
    Audio,
    Content,
    Document,
    Image,
    Media,
    Refused,
    Scope,
    Sent,
    Text,
    Unknown,
    Video,
    fingerprint,
)
from anclora.providers.evolution import EvolutionProvider, jids, payloads

SINCE = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
UNTIL = SINCE + timedelta(minutes=5)


def provider(url: str, **options: float) -> EvolutionProvider:
    return EvolutionProvider(url, "secret-key", clock=SystemClock(), **options)  # pyright: ignore[reportArgumentType]


def found(*rows: Any, pages: int = 1) -> bytes:
    return json.dumps({"messages": {"total": len(rows), "pages": pages, "currentPage": 1, "records": rows}}).encode()


def row(provider_id: str, jid: str, text: str = "hola", **key: Any) -> dict[str, Any]:
    key = {"id": provider_id, "remoteJid": jid, "fromMe": True} | key
    return {"key": key, "message": {"conversation": text}, "messageTimestamp": int(SINCE.timestamp())}


@pytest.mark.parametrize(
    ("content", "operation", "body"),
    [
        (Text(text="Olá ✅"), "sendText", {"text": "Olá ✅"}),
        (
            Image(media=Media(url="https://x.example/a.png"), caption="c"),
            "sendMedia",
            {"mediatype": "image", "media": "https://x.example/a.png", "caption": "c"},
        ),
        (
            Video(media=Media(base64="QQ==", mimetype="video/mp4", filename="a.mp4")),
            "sendMedia",
            {"mediatype": "video", "media": "QQ==", "mimetype": "video/mp4", "fileName": "a.mp4"},
        ),
        (
            Document(media=Media(base64="QQ==", mimetype="application/pdf")),
            "sendMedia",
            {"mediatype": "document", "media": "QQ==", "mimetype": "application/pdf", "fileName": "document.pdf"},
        ),
        (
            Document(media=Media(url="https://x.example/r.pdf")),
            "sendMedia",
            {"mediatype": "document", "media": "https://x.example/r.pdf"},
        ),
        (Audio(media=Media(base64="QQ==")), "sendWhatsAppAudio", {"audio": "QQ=="}),
    ],
)
def test_each_content_becomes_its_request(content: Content, operation: str, body: Any) -> None:
    path, built = payloads.send_request("a/b ñ", "+34600111222", content)
    assert path == f"/message/{operation}/a%2Fb%20%C3%B1"
    assert json.loads(built) == {"number": "34600111222"} | body


def test_a_group_is_addressed_by_its_jid() -> None:
    _, built = payloads.send_request("a", "120363025486012345@g.us", Text(text="x"))
    assert json.loads(built)["number"] == "120363025486012345@g.us"


@pytest.mark.parametrize(
    ("number", "other"),
    [
        ("5511999990001", "551199990001"),
        ("551199990001", "5511999990001"),
        ("5215512345678", "525512345678"),
        ("525512345678", "5215512345678"),
        ("5491123456789", "541123456789"),
        ("541123456789", "5491123456789"),
        ("34600111222", None),
        ("5511899990001", None),
    ],
)
def test_variants_of_a_number(number: str, other: str | None) -> None:
    assert jids.variants(number) == ((number, other) if other else (number,))
    assert other is None or jids.same_recipient(f"{number}@s.whatsapp.net", other)
    assert not jids.same_recipient(number, "34999999999")


async def test_a_send_carries_key_and_body_and_names_its_message() -> None:
    async with scripted(answer(b'{"key":{"id":"3EB0","remoteJid":"x"},"status":"PENDING"}')) as server:
        evolution = provider(server.url)
        outcome = await evolution.send("demo", "34600111222", Text(text="hola"), reference="r")
        await evolution.close()
    assert outcome == Sent(provider_id="3EB0", recipient="x")
    assert server.requests[0].head.startswith("POST /message/sendText/demo HTTP/1.1")
    assert "\r\napikey: secret-key\r\n" in server.requests[0].head
    assert json.loads(server.requests[0].body) == {"number": "34600111222", "text": "hola"}


async def test_a_send_whose_connection_dies_is_unknown_and_not_repeated() -> None:
    async with scripted(reset) as server:
        evolution = provider(server.url)
        outcome = await evolution.send("demo", "34600111222", Text(text="hola"), reference="r")
        await evolution.close()
    assert isinstance(outcome, Unknown)
    assert len(server.requests) == 1


async def test_a_send_without_an_answer_in_time_is_unknown() -> None:
    async with scripted(hold) as server:
        evolution = provider(server.url, send_timeout_seconds=0.05)
        outcome = await evolution.send("demo", "34600111222", Text(text="hola"), reference="r")
        await within(server.arrived)
        await evolution.close()
    assert outcome == Unknown(code="no_answer_timeout", text="no answer in time")


async def test_a_send_to_nobody_listening_is_proved_not_sent() -> None:
    async with scripted(answer()) as server:
        pass
    outcome = await provider(server.url).send("demo", "34600111222", Text(text="hola"), reference="r")
    assert isinstance(outcome, Refused)
    assert (outcome.scope, outcome.before_send, outcome.permanent) == (Scope.LANE, True, False)


async def test_both_shapes_of_the_list_of_instances() -> None:
    rows = [
        {"name": "v2", "connectionStatus": "open", "ownerJid": "34600111222@s.whatsapp.net", "token": "t"},
        {"name": "new", "connectionStatus": None},
        {"instance": {"instanceName": "v1", "status": "close"}},
        {"name": ""},
        7,
    ]
    async with scripted(answer(json.dumps(rows).encode(), status="200 OK")) as server:
        evolution = provider(server.url)
        listed = await evolution.list_instances()
        await evolution.close()
    assert [(one.name, one.state, one.owner) for one in listed] == [
        ("v2", "open", "34600111222"),
        ("new", "close", None),
        ("v1", "close", None),
    ]


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        ("401 Unauthorized", {"response": {"message": "Unauthorized"}}, UnauthorizedError, "EVOLUTION_API_KEY"),
        ("404 Not Found", {"response": {"message": ["Cannot GET /x"]}}, UnavailableError, "address"),
        ("200 OK", {"hello": "world"}, UnavailableError, "Evolution"),
        ("200 OK", None, UnavailableError, "Evolution"),
        ("503 Down", {"code": "LICENSE_REQUIRED"}, UnavailableError, "503"),
    ],
)
async def test_a_server_that_cannot_list_says_why(status: str, body: Any, kind: type[Exception], says: str) -> None:
    async with scripted(answer(json.dumps(body).encode(), status=status)) as server:
        evolution = provider(server.url)
        with pytest.raises(kind, match=says):
            await evolution.list_instances()
        await evolution.close()


async def test_a_look_up_tries_every_address_of_a_number() -> None:
    rows = [row("A", "551199990001@s.whatsapp.net"), row("B", "99@lid", remoteJidAlt="551199990001@s.whatsapp.net")]
    async with scripted(answer(found(*rows), status="200 OK")) as server:
        evolution = provider(server.url)
        messages = await evolution.find_messages("demo", since=SINCE, until=UNTIL, recipient="5511999990001")
        await evolution.close()
    bodies = [json.loads(request.body) for request in server.requests]
    assert [body["where"]["key"]["remoteJid"] for body in bodies] == [
        "5511999990001@s.whatsapp.net",
        "551199990001@s.whatsapp.net",
        "5511999990001",
        "551199990001",
    ]
    assert all(body["where"]["key"]["fromMe"] is True for body in bodies)
    assert bodies[0]["where"]["messageTimestamp"] == {"gte": "2026-03-01T12:00:00Z", "lte": "2026-03-01T12:05:01Z"}
    assert {(one.provider_id, one.recipient) for one in messages} == {("A", "551199990001"), ("B", "551199990001")}
    assert {one.fingerprint for one in messages} == {fingerprint(Text(text="hola"))}
    assert all(one.at == SINCE.replace(microsecond=0) for one in messages)


async def test_a_look_up_reads_page_after_page_and_drops_what_came_in() -> None:
    first = found(row("A", "1@s.whatsapp.net"), row("IN", "1@s.whatsapp.net", fromMe=False), pages=2)
    second = found(row("B", "2@s.whatsapp.net"), pages=2)
    async with scripted(answer(first, status="200 OK"), answer(second, status="200 OK")) as server:
        evolution = provider(server.url)
        messages = await evolution.find_messages("demo", since=SINCE, until=UNTIL)
        await evolution.close()
    assert [json.loads(request.body)["page"] for request in server.requests] == [1, 2]
    assert "remoteJid" not in json.loads(server.requests[0].body)["where"]["key"]
    assert {one.provider_id for one in messages} == {"A", "B"}


async def test_a_look_up_that_cannot_be_read_whole_is_no_proof() -> None:
    async with scripted(answer(found(row("A", "1@s.whatsapp.net"), pages=1_000), status="200 OK")) as server:
        evolution = provider(server.url)
        with pytest.raises(UnavailableError, match="too many"):
            await evolution.find_messages("demo", since=SINCE, until=UNTIL, recipient="34600111222")
        assert len(await evolution.find_messages("demo", since=SINCE, until=UNTIL)) == 1
        await evolution.close()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"messages":[]}', b"[]", b"<html>"])
async def test_a_look_up_in_a_strange_form_is_no_proof(body: bytes) -> None:
    async with scripted(answer(body, status="200 OK")) as server:
        evolution = provider(server.url)
        with pytest.raises(UnavailableError):
            await evolution.find_messages("demo", since=SINCE, until=UNTIL)
        await evolution.close()


async def test_the_webhook_is_set_with_all_six_members() -> None:
    url = "https://wa.example.com/webhooks/evolution/demo"
    stored = json.dumps({"url": url, "enabled": True, "events": [], "headers": {"X-Anclora-Secret": "s"}}).encode()
    async with scripted(answer(stored), answer(stored, status="200 OK"), answer(b"null", status="200 OK")) as server:
        evolution = provider(server.url)
        await evolution.set_webhook("demo", url=url, secret="s")
        now, none = await evolution.find_webhook("demo"), await evolution.find_webhook("demo")
        await evolution.close()
    webhook = json.loads(server.requests[0].body)["webhook"]
    assert set(webhook) == {"enabled", "url", "headers", "byEvents", "base64", "events"}
    assert (webhook["enabled"], webhook["byEvents"], webhook["base64"]) == (True, False, False)
    assert webhook["headers"] == {"X-Anclora-Secret": "s"}
    assert {"SEND_MESSAGE", "MESSAGES_UPSERT", "MESSAGES_UPDATE", "CONNECTION_UPDATE"} <= set(webhook["events"])
    assert "MESSAGES_EDITED" not in webhook["events"]
    assert now is not None
    assert (now.url, now.enabled, now.headers) == (url, True, {"X-Anclora-Secret": "s"})
    assert none is None


@pytest.mark.parametrize("body", [b"", b"null", b'{"url":"http://other","enabled":true}', b'{"enabled":true}'])
async def test_a_webhook_that_was_not_kept_is_noticed(body: bytes) -> None:
    async with scripted(answer(body)) as server:
        evolution = provider(server.url)
        with pytest.raises(UnavailableError, match="webhook"):
            await evolution.set_webhook("demo", url="https://wa.example.com/x", secret="s")
        await evolution.close()


async def test_a_webhook_address_that_would_never_be_called_is_refused() -> None:
    with pytest.raises(InvalidError, match="never"):
        await provider("http://127.0.0.1:9").set_webhook("demo", url="wa.example.com/x", secret="s")


async def test_an_unknown_instance_is_named() -> None:
    body = json.dumps({"response": {"message": ['The "nobody" instance does not exist']}}).encode()
    async with scripted(answer(body, status="404 Not Found")) as server:
        evolution = provider(server.url)
        with pytest.raises(NotFoundError, match="nobody"):
            await evolution.find_webhook("nobody")
        await evolution.close()


async def test_a_cancelled_send_frees_its_connection() -> None:
    async with scripted(hold) as server:
        evolution = provider(server.url, connections=1)
        task = asyncio.create_task(evolution.send("demo", "34600111222", Text(text="x"), reference="r"))
        await within(server.arrived)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        server.release.set()
        assert isinstance(
            await evolution.send("demo", "34600111222", Text(text="y"), reference="r"), Unknown
        )  # 201 without a key
        await evolution.close()


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue]


async def test_the_registry_builds_what_the_settings_name() -> None:
    clock = SystemClock()
    async with scripted(answer(b"[]", status="200 OK")) as server:
        providers = registry.build(settings(evolution_api_url=server.url, evolution_api_key="k"), clock)
        assert list(providers) == ["evolution"]
        assert await providers["evolution"].list_instances() == []
        await providers.close()
    assert dict(registry.build(settings(evolution_api_url=None), clock)) == {}
    with pytest.raises(SetupError, match="EVOLUTION_API_KEY"):
        registry.build(settings(evolution_api_url="http://127.0.0.1", evolution_api_key=None), clock)
    with pytest.raises(SetupError, match="EVOLUTION_API_URL"):
        registry.build(settings(evolution_api_url=None), clock)["evolution"].variants("1")
