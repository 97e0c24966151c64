"""Who lacks `messages:bodies` reads no word of people through any door: marked, not refused; keys of before keep it."""

import re
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString, cast
from uuid import UUID

import pytest
from api_harness import PHONE, Answered, HandClock, House, house

from anclora.access import BODIES, SCOPES, Access, create, scopes_of, table
from anclora.conversations import ConversationFollower
from anclora.kit.ids import moment_of, new_id
from anclora.kit.said import REDACTED
from anclora.storage.database import Database

CANARY = "canary-7f3a"
WORDS = f"my {CANARY} sings"
# Where the words stand for those who may read them. A door that shows more of them belongs here, and is then proved to
# withhold them from the others.
SHOWN = {
    "GET /api/v1/messages",
    "GET /api/v1/messages/{message_id}",
    "GET /api/v1/messages/{message_id}/explain",
    "GET /api/v1/dead-letters",
    "GET /api/v1/inbound",
    "GET /api/v1/inbound/{heard_id}",
    "GET /api/v1/conversations",
    "GET /api/v1/conversations/{conversation_id}",
    "GET /api/v1/hooks/{hook_id}/deliveries/{event_id}",
    "GET /api/v1/media/{file_hash}",
}
# The same document in other forms, and lists with their filters: no way round.
BESIDES = (
    "/api/v1/messages?state=dead",
    "/api/v1/inbound?kind=text",
    "/api/v1/conversations?state=waiting",
    "/api/v1/reports/daily?format=csv",
    "/api/v1/reports/daily?format=html",
    "/api/v1/reports/weekly?format=markdown",
    "/analytics/delivery?format=csv",
    "/api/v1/conversions/export?from=2020-01-01&to=2030-01-01",
    "/api/v1/changes?limit=200",
)


@pytest.fixture
async def doors(db: Database, redis: Any, tmp_path: Path) -> AsyncGenerator[House, None]:
    async with house(db, redis, media_dir=tmp_path, public_url="https://wa.example.com") as running:
        yield running


async def said_everywhere(doors: House) -> dict[str, str]:
    """Words in every place that keeps some; the ids of what holds them."""
    db = doors.deps.db
    sent = await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": WORDS, "instance": "sales"})
    message_id = sent.json["id"]
    await db.execute(
        "update messages set state = 'dead', state_at = now(), attempt = 1, reason_code = 'tries_exhausted',"
        " reason_text = %(words)s where id = %(id)s",
        id=message_id,
        words=f"400 {WORDS}",
    )
    await db.execute(
        "insert into attempts (message_id, attempt, instance, intent_at, outcome, code, text)"
        " values (%(id)s, 1, 'sales', now(), 'refused', 'bad_request', %(words)s)",
        id=message_id,
        words=f"400 {WORDS}",
    )
    await db.execute(
        "insert into dead_letters (message_id, instance, reason_code) values (%(id)s, 'sales', 'tries_exhausted')"
        " on conflict do nothing",
        id=message_id,
    )
    for kind in ("edit", "discarded"):
        await db.execute(
            "insert into message_notes (id, message_id, kind, detail) values (%(note)s, %(id)s, %(kind)s, %(words)s)",
            note=new_id(),
            id=message_id,
            kind=kind,
            words=WORDS,
        )
    kept = await doors.ask(
        "POST", f"/api/v1/media?filename={CANARY}.txt", data=b"hello there", content_type="text/plain"
    )
    return {
        "message_id": message_id,
        "file_hash": kept.json["hash"],
        **await heard(doors),
        **await echoed(doors),
    }


async def heard(doors: House) -> dict[str, str]:
    """Something a person said, with an edit of it, and a conversation that was handed off with a note."""
    db, heard_id, contact = doors.deps.db, new_id(), new_id()
    await db.execute("insert into contacts (id) values (%(id)s)", id=contact)
    for id_, provider_id, kind, target in ((heard_id, "3A00", "text", None), (new_id(), "3A01", "edit", "3A00")):
        await db.execute(
            "insert into heard (instance, provider_id, id, contact_id, direction, at, peer, kind, text, said, target)"
            " values ('sales', %(provider_id)s, %(id)s, %(contact)s, 'in', %(at)s, '34600111222', %(kind)s, %(words)s,"
            " jsonb_build_object('type', 'text', 'text', %(words)s::text), %(target)s)",
            id=id_,
            at=moment_of(id_),  # a talk begins with what was said, so nothing of it may be older than its id
            provider_id=provider_id,
            contact=contact,
            kind=kind,
            words=WORDS,
            target=target,
        )
    await db.execute("insert into heard_unread (heard_ids) values (array[%(id)s::uuid])", id=heard_id)
    await ConversationFollower(db, doors.deps.settings, doors.deps.clock).run_once()
    [one] = (await doors.ask("GET", "/api/v1/conversations")).json["conversations"]
    path = f"/api/v1/conversations/{one['id']}/handoff"
    assert (await doors.ask("POST", path, json={"reason": "complaint", "note": WORDS})).status == 200
    return {"heard_id": str(heard_id), "conversation_id": one["id"]}


async def echoed(doors: House) -> dict[str, str]:
    """A subscription whose receiver repeats in its answer what it was told."""
    db, request_id = doors.deps.db, new_id()
    made = await doors.ask("POST", "/api/v1/hooks", json={"url": "https://crm.example.com/", "types": ["*"]})
    hook_id = made.json["hook"]["id"]
    event_id = (await doors.ask("POST", f"/api/v1/hooks/{hook_id}/test")).json["event_id"]
    await db.execute(
        "insert into hook_requests (id, hook_id, at, webhook_id, event_ids, duration_ms, status, answer)"
        " values (%(id)s, %(hook_id)s, now(), 'w', array[%(event_id)s::uuid], 5, 500, %(words)s)",
        id=request_id,
        hook_id=hook_id,
        event_id=event_id,
        words=WORDS,
    )
    await db.execute(
        "update hook_deliveries set request_ids = array[%(id)s::uuid] where event_id = %(event_id)s",
        id=request_id,
        event_id=event_id,
    )
    return {"hook_id": hook_id, "event_id": event_id}


async def readings(doors: House, ids: Mapping[str, str], key: str) -> dict[str, Answered]:
    """What each door that reads answers."""
    values = {"name": "sales", "phone": PHONE, "every": "weekly", "question": "delivery", **ids}
    found: dict[str, Answered] = {}
    for door in table().routes:
        method, _, path = door.partition(" ")
        if method == "GET":
            place = re.sub(r"{(\w+)}", lambda each: values.get(each.group(1), str(UUID(int=1))), path)
            found[door] = await doors.ask("GET", place, key=key)
    for place in BESIDES:
        found[f"GET {place}"] = await doors.ask("GET", place, key=key)
    return found


async def test_without_the_scope_no_door_shows_a_word_and_with_it_all_are_there(doors: House) -> None:
    ids = await said_everywhere(doors)
    seen = {door for door, answer in (await readings(doors, ids, doors.key)).items() if CANARY.encode() in answer.body}
    besides = {f"GET {place}" for place in BESIDES[:3]}
    assert seen == SHOWN | besides
    blind = await doors.make_key(*(set(SCOPES) - {BODIES}))
    answers = await readings(doors, ids, blind)
    assert [door for door, answer in answers.items() if CANARY.encode() in answer.body] == []
    for door in SHOWN | besides:
        assert (answers[door].status, b"redacted" in answers[door].body) == (200, True), door


async def test_states_codes_and_times_stay_where_the_words_are_withheld(doors: House) -> None:
    ids = await said_everywhere(doors)
    blind = await doors.make_key(*(set(SCOPES) - {BODIES}))
    path = f"/api/v1/messages/{ids['message_id']}"
    message = (await doors.ask("GET", path, key=blind)).json
    assert message["content"] == {"redacted": "needs messages:bodies"}
    assert (message["reason_code"], message["reason_text"]) == ("tries_exhausted", REDACTED)
    told = (await doors.ask("GET", f"{path}/explain", key=blind)).json
    assert {each["what"]: each.get("detail") for each in told["timeline"]}["refused"] == f"bad_request {REDACTED}"
    assert told["text"] == f"It is dead: {REDACTED}."
    [letter] = (await doors.ask("GET", "/api/v1/dead-letters", key=blind)).json["dead_letters"]
    assert (letter["last"]["code"], letter["last"]["text"]) == ("bad_request", REDACTED)
    one = (await doors.ask("GET", f"/api/v1/inbound/{ids['heard_id']}", key=blind)).json
    assert (one["kind"], one["text"], one["said"]) == ("text", REDACTED, {"redacted": "needs messages:bodies"})
    assert [each["text"] for each in one["changes"]] == [REDACTED]
    talk = (await doors.ask("GET", f"/api/v1/conversations/{ids['conversation_id']}", key=blind)).json
    assert talk["conversation"]["handoff_note"] == REDACTED
    assert talk["conversation"]["closed_why"] is None
    assert {each["text"] for each in talk["timeline"] if each["what"] == "in"} == {REDACTED}


async def test_acts_answer_without_words_too_and_events_go_only_where_a_reader_says(doors: House) -> None:
    ids = await said_everywhere(doors)
    blind = await doors.make_key(*(set(SCOPES) - {BODIES}))
    tomorrow = (doors.deps.clock.now() + timedelta(days=1)).isoformat()
    other = await doors.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": WORDS, "instance": "sales"})
    for method, path, body in (
        ("PATCH", f"/api/v1/messages/{other.json['id']}", {"send_at": tomorrow}),
        ("DELETE", f"/api/v1/messages/{other.json['id']}", None),
        ("POST", f"/api/v1/conversations/{ids['conversation_id']}/claim", {"agent": "ana"}),
        ("POST", f"/api/v1/conversations/{ids['conversation_id']}/close", {"why": WORDS}),
    ):
        answer = await doors.ask(method, path, json=body, key=blind)
        assert (answer.status, CANARY.encode() in answer.body) == (200, False), (method, path, answer.body)
    for method, path in (
        ("POST", "/api/v1/hooks"),
        ("PATCH", f"/api/v1/hooks/{ids['hook_id']}"),
        ("GET", f"/api/v1/inbound/{ids['heard_id']}/media"),
    ):
        refused = await doors.ask(method, path, json={} if method != "GET" else None, key=blind)
        assert (refused.status, refused.json["scope"]) == (403, BODIES), path


async def test_whoever_types_in_a_smaller_role_sees_no_more_than_the_role_with_any_key(doors: House) -> None:
    ids = await said_everywhere(doors)
    path = f"/api/v1/messages/{ids['message_id']}"
    assert CANARY in str((await doors.ask("GET", path)).json)
    assert CANARY in str((await doors.ask("GET", path, X_Anclora_Role="admin")).json)
    assert CANARY not in str((await doors.ask("GET", path, X_Anclora_Role="viewer")).json)
    for role in ("viewer", "of a later version"):
        assert (await doors.ask("DELETE", path, X_Anclora_Role=role)).status == 403
    small = await doors.make_key("messages:read")
    assert (await doors.ask("DELETE", path, key=small, X_Anclora_Role="admin")).status == 403


async def test_what_a_role_may_is_looked_up_whenever_its_key_is_used(
    doors: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await create(doors.deps.db, account="main", name="eva", role="viewer")
    access = Access(doors.deps.db, doors.deps.clock)
    caller = await access.check(made.text)
    assert (caller.role, caller.scopes, made.key.role) == ("viewer", scopes_of("viewer"), "viewer")
    refused = await doors.ask("POST", "/api/v1/queue/pause", json={}, key=made.text)
    assert (refused.status, refused.json["role"], refused.json["scope"]) == (403, "viewer", "queue:write")
    monkeypatch.setattr("anclora.access.check.scopes_of", lambda role: frozenset({"queue:write"}))
    assert (await Access(doors.deps.db, doors.deps.clock).check(made.text)).scopes == {"queue:write"}
    await doors.deps.db.execute("update api_keys set role = 'later' where role is not null")
    monkeypatch.undo()
    assert (await Access(doors.deps.db, doors.deps.clock).check(made.text)).scopes == frozenset()


@pytest.mark.parametrize(
    ("scopes", "keeps"),
    [
        *(([scope], True) for scope in ("messages:read", "messages:send", "inbound:read", "conversations:read")),
        *(([scope], True) for scope in ("conversations:write", "hooks:read", "hooks:write")),
        *(([scope], False) for scope in ("queue:write", "analytics:read", "contacts:read")),
    ],
    ids=str,
)
async def test_a_key_of_before_keeps_what_it_could_read(db: Database, scopes: list[str], *, keeps: bool) -> None:
    made = await create(db, account="main", name="crm", scopes=scopes)
    script = files("anclora.storage.migrations.versions").joinpath("0036_roles.sql").read_text()
    update = cast(LiteralString, script[script.index("update api_keys") :])
    for _ in range(2):  # once more changes nothing
        await db.execute(update)
    caller = await Access(db, HandClock()).check(made.text)
    assert sorted(caller.scopes) == sorted([*scopes, *([BODIES] if keeps else [])])
