"""The messages' doors over the real submit and a real ledger."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
from api_harness import PHONE, FailingSubmit, House, OneProvider, house

from anclora.kit.errors import AncloraError, UnavailableError
from anclora.providers.contract import RemoteInstance
from anclora.storage.database import CommitUnknownError, Database

ONE = "/api/v1/messages"
BULK = "/api/v1/messages/bulk"
TEXT = {"to": PHONE, "text": "hola"}


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis, body_limit_bytes=20_000, bulk_limit=10) as running:
        yield running


async def test_a_message_is_accepted_shown_explained_and_canceled(doors: House) -> None:
    sent = await doors.ask("POST", ONE, json=TEXT)
    assert sent.status == 202
    identifier = sent.json["id"]
    assert sent.json == {"id": identifier, "state": "queued", "to": "34600111222", "instance": "sales"}
    assert "Idempotent-Replayed" not in sent.headers
    shown = await doors.ask("GET", f"{ONE}/{identifier}")
    assert (shown.status, shown.json["content"]) == (200, {"type": "text", "text": "hola"})
    why = await doors.ask("GET", f"{ONE}/{identifier}/explain")
    assert (why.json["state"], why.json["rule"]) == ("queued", "worker")
    canceled = await doors.ask("DELETE", f"{ONE}/{identifier}")
    assert (canceled.status, canceled.json["state"]) == (200, "canceled")
    again = await doors.ask("DELETE", f"{ONE}/{identifier}")
    assert (again.status, again.json["code"], again.json["state"]) == (409, "not_cancelable", "canceled")


async def test_the_same_key_gives_the_first_answer_and_another_body_is_a_conflict(doors: House) -> None:
    first = await doors.ask("POST", ONE, json=TEXT, Idempotency_Key="order-7")
    again = await doors.ask("POST", ONE, json=TEXT, Idempotency_Key="order-7")
    assert (again.status, again.json) == (202, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await doors.ask("POST", ONE, json={**TEXT, "text": "adiós"}, Idempotency_Key="order-7")
    assert (other.status, other.json["code"]) == (409, "idempotency_conflict")
    assert await doors.count() == 1


@pytest.mark.parametrize("key", ["a" * 201, "has space", "ñ"])
async def test_a_malformed_idempotency_key_stores_nothing(doors: House, key: str) -> None:
    refused = await doors.ask("POST", ONE, json=TEXT, Idempotency_Key=key)
    assert (refused.status, refused.json["code"]) == (422, "invalid_idempotency_key")
    assert await doors.count() == 0


BAD_DRAFTS = [
    ({"to": "12", "text": "hola"}, "invalid_phone"),
    ({"to": PHONE, "text": ""}, "empty_text"),
    ({"to": PHONE, "text": "a" * 101}, "too_long"),
    ({"to": PHONE, "text": "a\x00b"}, "invalid_text"),
    ({"to": PHONE, "type": "fax", "text": "hola"}, "schema"),
    ({"to": PHONE, "text": "hola", "colour": "red"}, "schema"),
    ({"text": "hola"}, "schema"),
    ({"to": 34600111222, "text": "hola"}, "schema"),
    ({"to": PHONE, "text": "hola", "send_at": "tomorrow"}, "schema"),
    ({"to": PHONE, "text": "hola", "instance": "shop"}, "unknown_instance"),
]


@pytest.mark.parametrize(("draft", "code"), BAD_DRAFTS)
async def test_a_bad_message_is_a_problem_document_that_says_why(doors: House, draft: Any, code: str) -> None:
    refused = await doors.ask("POST", ONE, json=draft)
    assert (refused.status, refused.json["code"]) == (422, code)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json["type"] == f"urn:anclora:problem:{code}"
    assert refused.json["instance"] == ONE
    assert len(refused.json["detail"]) > 15
    assert await doors.count() == 0


BAD_BODIES = [
    (b'{"to": "+34600111222", "text": "half \\ud800"}', 422, "invalid_text"),
    (b'{"to": "+34600111222", "text": "half \\udc00 pair"}', 422, "invalid_text"),
    (b'{"to": "+34600111222", "text": "\\ud83d\\ude00 \\ud83d"}', 422, "invalid_text"),
    (b'{"to": "+34600111222", "text": "\xff"}', 400, "not_utf8"),
    (b'{"to": "+34600111222", "text": "hola"', 400, "malformed_json"),
    (b"", 400, "malformed_json"),
    (b"\xff\xfe", 400, "malformed_json"),
    (b"[]", 422, "schema"),
    (b"null", 422, "schema"),
    (b'{"to": "+34600111222", "text": ' + b"[" * 33 + b"]" * 33 + b"}", 422, "schema"),
    (b'{"to": "+34600111222", "text": "' + b"a" * 20_000 + b'"}', 413, "too_large"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD_BODIES, ids=range(len(BAD_BODIES)))
@pytest.mark.parametrize("path", [ONE, BULK])
async def test_poison_stops_at_the_door(doors: House, path: str, body: bytes, status: int, code: str) -> None:
    if path == BULK and body.startswith(b'{"to"'):
        body = b'{"messages": [' + body + b"]}"
    refused = await doors.ask("POST", path, data=body)
    if path == BULK and refused.json["code"] == "invalid_rows":
        [row] = refused.json["errors"]
        assert (row["index"], row["code"]) == (0, code)
    else:
        assert (refused.status, refused.json["code"]) == (status, code)
    assert 400 <= refused.status < 500
    assert await doors.count() == 0


@pytest.mark.parametrize(("path", "start"), [(ONE, b'{"text": '), (BULK, b'{"messages": ['), (BULK, b"")])
async def test_bottomless_json_is_refused(doors: House, path: str, start: bytes) -> None:
    refused = await doors.ask("POST", path, data=start + b"[" * 19_000)
    assert refused.status == 422
    assert refused.json["code"] in ("schema", "too_deep")


async def test_a_schema_error_names_the_field(doors: House) -> None:
    refused = await doors.ask("POST", ONE, json={"to": PHONE, "text": 5})
    assert refused.json["field"] == "$.text"
    assert "Expected `str" in refused.json["detail"]


async def test_a_body_without_a_length_is_bounded_too(doors: House) -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        for _ in range(30):
            yield b" " * 1_000

    refused = await doors.ask("POST", ONE, data=endless())
    assert (refused.status, refused.json["code"]) == (413, "too_large")


async def test_a_key_may_do_what_its_scopes_say(doors: House) -> None:
    reader, sender = await doors.make_key("messages:read"), await doors.make_key("messages:send")
    refused = await doors.ask("POST", ONE, json=TEXT, key=reader)
    assert (refused.status, refused.json["code"], refused.json["scope"]) == (403, "missing_scope", "messages:send")
    assert "--scope messages:send" in refused.json["detail"]
    assert (await doors.ask("GET", ONE, key=sender)).status == 403
    assert (await doors.ask("GET", ONE, key=reader)).status == 200
    critical = {**TEXT, "priority": "critical"}
    assert (await doors.ask("POST", ONE, json=critical, key=sender)).json["code"] == "missing_scope"
    assert (await doors.ask("POST", ONE, json=critical)).status == 202


@pytest.mark.parametrize("key", [None, "ak_wrong"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ONE), ("POST", BULK), ("GET", ONE), ("GET", f"{ONE}/{UUID(int=1)}"), ("DELETE", f"{ONE}/{UUID(int=1)}")],
)
async def test_without_a_known_key_nothing_is_done(doors: House, key: str | None, method: str, path: str) -> None:
    refused = await doors.ask(method, path, json=TEXT, key=key)
    assert (refused.status, refused.json["code"]) == (401, "unknown_key" if key else "missing_key")
    assert "X-API-Key" in refused.headers["WWW-Authenticate"]
    assert await doors.count() == 0


async def test_a_bulk_is_accepted_in_order(doors: House) -> None:
    rows = [{"to": f"+3460011122{digit}", "text": "hola"} for digit in range(5)]
    sent = await doors.ask("POST", BULK, json={"messages": rows}, Idempotency_Key="b")
    assert (sent.status, sent.json["accepted"]) == (202, 5)
    assert [row["to"] for row in sent.json["messages"]] == [row["to"][1:] for row in rows]
    again = await doors.ask("POST", BULK, json={"messages": rows}, Idempotency_Key="b")
    assert (again.json, again.headers["Idempotent-Replayed"]) == (sent.json, "true")
    assert await doors.count() == 5


@pytest.mark.parametrize("count", [0, 11])
async def test_a_bulk_of_none_or_too_many_is_refused(doors: House, count: int) -> None:
    refused = await doors.ask("POST", BULK, json={"messages": [TEXT] * count})
    assert (refused.status, refused.json["code"]) == (422, "bulk_size")
    assert await doors.count() == 0


MIXED = [TEXT, {"to": "12", "text": "hola"}, {"to": PHONE, "type": "fax"}, TEXT]


@pytest.mark.parametrize(("bad", "codes"), [(MIXED[:2], ["invalid_phone"]), (MIXED, ["schema"])])
async def test_one_bad_row_refuses_all(doors: House, bad: Any, codes: list[str]) -> None:
    refused = await doors.ask("POST", BULK, json={"messages": bad})
    assert (refused.status, refused.json["code"]) == (422, "invalid_rows")
    assert [row["code"] for row in refused.json["errors"]] == codes
    assert await doors.count() == 0


async def test_partial_accepts_the_good_rows_and_reports_the_bad(doors: House) -> None:
    sent = await doors.ask("POST", f"{BULK}?partial=true", json={"messages": MIXED})
    assert (sent.status, sent.json["accepted"], sent.json["rejected"]) == (202, 2, 2)
    rows = sent.json["results"]
    assert [(row["index"], row["status"]) for row in rows] == [
        (0, "accepted"),
        (1, "rejected"),
        (2, "rejected"),
        (3, "accepted"),
    ]
    assert [row["problem"]["code"] for row in rows if row["status"] == "rejected"] == ["invalid_phone", "schema"]
    assert await doors.count() == 2
    none = await doors.ask("POST", f"{BULK}?partial=true", json={"messages": MIXED[2:3]})
    assert (none.json["accepted"], none.json["rejected"]) == (0, 1)
    assert (await doors.ask("POST", f"{BULK}?partial=maybe", json={"messages": MIXED})).status == 422


async def test_the_list_filters_and_pages(doors: House) -> None:
    for to in (PHONE, PHONE, "+34600111223"):
        await doors.ask("POST", ONE, json={"to": to, "text": "hola"})
    first = (await doors.ask("GET", f"{ONE}?limit=2")).json
    rest = (await doors.ask("GET", f"{ONE}?limit=2&before={first['next']}")).json
    assert ([len(page["messages"]) for page in (first, rest)], rest["next"]) == ([2, 1], None)
    found = (await doors.ask("GET", f"{ONE}?to=600111223&state=queued&instance=sales")).json["messages"]
    assert [message["to"] for message in found] == ["34600111223"]


@pytest.mark.parametrize(
    "query", ["state=lost", "limit=0", "limit=201", "before=x", "to=12", "instance=shop", "instance=%00"]
)
async def test_a_bad_filter_is_a_problem(doors: House, query: str) -> None:
    refused = await doors.ask("GET", f"{ONE}?{query}")
    assert (refused.status, refused.headers["Content-Type"]) == (422, "application/problem+json")


async def test_what_is_not_there_is_a_problem_too(doors: House) -> None:
    for path in (f"{ONE}/{UUID(int=1)}", f"{ONE}/{UUID(int=1)}/explain"):
        assert (await doors.ask("GET", path)).json["code"] == "message_not_found"
    assert (await doors.ask("GET", f"{ONE}/17")).status == 422
    assert (await doors.ask("GET", "/api/v2/messages")).json["code"] == "no_such_route"
    wrong = await doors.ask("PUT", BULK)
    assert (wrong.status, wrong.json["code"]) == (405, "method_not_allowed")


async def test_of_several_instances_one_must_be_named(db: Database, redis: Any) -> None:
    provider = OneProvider(RemoteInstance(name="a", state="open"), RemoteInstance(name="b", state="open"))
    async with house(db, redis, provider=provider) as doors:
        refused = await doors.ask("POST", ONE, json=TEXT)
        assert (refused.status, refused.json["code"]) == (422, "instance_needed")
        assert "a, b" in refused.json["detail"]
        assert (await doors.ask("POST", ONE, json={**TEXT, "instance": "b"})).json["instance"] == "b"


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (UnavailableError("full", code="overloaded", retry_after_seconds=7), 503, "overloaded"),
        (CommitUnknownError("unknown", retry_after_seconds=7), 503, "commit_unknown"),
        (AncloraError("a secret of the inside", code="illegal_step"), 500, "internal"),
        (ZeroDivisionError("a secret of the inside"), 500, "internal"),
    ],
)
async def test_a_failure_of_ours_says_when_to_come_back_and_nothing_of_the_inside(
    db: Database, redis: Any, failure: Exception, status: int, code: str
) -> None:
    async with house(db, redis, submit=FailingSubmit(failure)) as doors:
        refused = await doors.ask("POST", ONE, json=TEXT, X_Request_Id="trace-1")
        assert (refused.status, refused.json["code"]) == (status, code)
        assert refused.headers.get("Retry-After") == ("7" if status == 503 else None)
        assert refused.headers["X-Request-Id"] == "trace-1"
        assert b"secret" not in refused.body
