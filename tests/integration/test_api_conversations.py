"""Conversations through their doors: found, read, handed off, claimed by one, released, closed; and by command."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from api_harness import House, house
from conversations_harness import AT, Talks
from messages_harness import Stage

from anclora.audit import recent
from anclora.cli import main
from anclora.kit.settings import load_settings
from anclora.providers.registry import build

PATH = "/api/v1/conversations"
OTHER = "34600999888@s.whatsapp.net"


@pytest.fixture
async def talks(here: Stage) -> AsyncGenerator[Talks, None]:
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), here.clock)
    yield Talks(here, providers)
    await providers.close()


@pytest.fixture
async def doors(talks: Talks, redis: Any) -> AsyncGenerator[House, None]:
    async with house(talks.db, redis) as running:
        yield running


async def opened(talks: Talks) -> str:
    await talks.hear("¿sigue libre?")
    return str((await talks.one()).id)


async def listed(doors: House, query: str = "") -> list[str]:
    answer = await doors.ask("GET", f"{PATH}?{query}")
    assert answer.status == 200, answer.body
    return [each["id"] for each in answer.json["conversations"]]


async def act(doors: House, one: str, verb: str, **wish: Any) -> dict[str, Any]:
    answer = await doors.ask("POST", f"{PATH}/{one}/{verb}", json=wish)
    assert answer.status == 200, answer.body
    return answer.json


async def test_from_a_handoff_to_the_end(doors: House, talks: Talks) -> None:
    one = await opened(talks)
    assert (await act(doors, one, "handoff", reason="complaint", note="no keys"))["state"] == "waiting"
    assert (await act(doors, one, "claim", agent="Lucía"))["agent"] == "Lucía"
    assert (await act(doors, one, "release", agent="Lucía"))["state"] == "waiting"
    assert (await act(doors, one, "claim", agent="Marcos"))["state"] == "claimed"
    ended = await act(doors, one, "close", why="keys handed over")
    assert (ended["state"], ended["closed_by"], ended["closed_why"]) == ("closed", "call", "keys handed over")
    assert (ended["agent"], ended["handoff_reason"], ended["handoff_note"]) == ("Marcos", "complaint", "no keys")
    shown = (await doors.ask("GET", f"{PATH}/{one}")).json
    assert [(each["what"], each["agent"], each["reason"], each["text"]) for each in shown["timeline"]] == [
        ("opened", None, None, None),
        ("in", None, None, "¿sigue libre?"),
        ("handoff", None, "complaint", None),
        ("claimed", "Lucía", "complaint", None),
        ("released", "Lucía", None, None),
        ("claimed", "Marcos", "complaint", None),
        ("closed", "Marcos", "keys handed over", None),
    ]
    assert shown["whole"]
    assert await talks.told() == ["opened", "handoff", "claimed", "released", "claimed", "closed"]
    trail = [entry for entry in await recent(talks.db) if entry.subject == f"conversation:{one}"]
    assert {entry.action.partition(".")[2] for entry in trail} == {"handoff", "claimed", "released", "closed"}
    assert all(entry.actor.startswith("key:") for entry in trail)
    assert "no keys" not in str([entry.detail for entry in trail])


async def test_doing_it_again_changes_nothing(doors: House, talks: Talks) -> None:
    one = await opened(talks)
    await act(doors, one, "release")
    for verb, wish in (("handoff", {"reason": "high_value"}), ("claim", {"agent": "ana"}), ("close", {"why": "sold"})):
        first = await act(doors, one, verb, **wish)
        assert await act(doors, one, verb, **wish) == first
    assert await talks.history() == ["opened", "handoff", "claimed", "closed"]
    assert (await act(doors, one, "close", why="another reason"))["closed_why"] == "sold"


async def test_a_handoff_takes_it_from_whoever_has_it(doors: House, talks: Talks) -> None:
    one = await opened(talks)
    await act(doors, one, "claim", agent="ana")
    gone = await act(doors, one, "handoff", reason="complex_query")
    assert (gone["state"], gone["agent"], gone["claimed_at"]) == ("waiting", None, None)
    again = await act(doors, one, "handoff", reason="complaint")
    assert again["handoff_reason"] == "complaint"
    assert await talks.history() == ["opened", "claimed", "handoff", "handoff"]


async def test_of_many_who_claim_it_at_once_one_gets_it(doors: House, talks: Talks) -> None:
    one = await opened(talks)
    answers = await asyncio.gather(
        *(doors.ask("POST", f"{PATH}/{one}/claim", json={"agent": f"agent {n}"}) for n in range(8))
    )
    assert sorted(each.status for each in answers) == [200, *[409] * 7]
    winner = next(each.json["agent"] for each in answers if each.status == 200)
    lost = next(each.json for each in answers if each.status == 409)
    assert (lost["code"], lost["agent"]) == ("held_by_another", winner)
    wrong = await doors.ask("POST", f"{PATH}/{one}/claim", json={"agent": "x", "instead_of": "nobody of ours"})
    assert wrong.status == 409
    assert (await act(doors, one, "claim", agent="x", instead_of=winner))["agent"] == "x"
    refused = await doors.ask("POST", f"{PATH}/{one}/release", json={"agent": winner})
    assert (refused.status, refused.json["agent"]) == (409, "x")
    assert (await talks.history()).count("claimed") == 2


async def test_nothing_more_is_done_with_a_closed_one(doors: House, talks: Talks) -> None:
    one = await opened(talks)
    await act(doors, one, "close", why="sold")
    for verb, wish in (("handoff", {"reason": "complaint"}), ("claim", {"agent": "ana"}), ("release", {})):
        answer = await doors.ask("POST", f"{PATH}/{one}/{verb}", json=wish)
        assert (answer.status, answer.json["code"]) == (409, "conversation_closed")
    await talks.hear("hola de nuevo", at=AT + timedelta(minutes=1))
    assert [each["id"] == one for each in (await doors.ask("GET", PATH)).json["conversations"]] == [False, True]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("handoff", {"reason": "boredom"}),
        ("handoff", {}),
        ("handoff", {"reason": "complaint", "note": "two\nlines"}),
        ("claim", {"agent": " "}),
        ("claim", {"agent": "x" * 101}),
        ("close", {"why": ""}),
        ("close", {"why": "x", "what": 1}),
    ],
)
async def test_what_cannot_be_understood_is_refused(doors: House, talks: Talks, verb: str, body: Any) -> None:
    one = await opened(talks)
    answer = await doors.ask("POST", f"{PATH}/{one}/{verb}", json=body)
    assert answer.status == 422, answer.body
    assert await talks.history() == ["opened"]


async def test_filters_and_pages(doors: House, talks: Talks) -> None:
    people = [f"3460077{n:04}@s.whatsapp.net" for n in range(5)]
    for n, jid in enumerate(people):
        await talks.hear("hola", at=AT + timedelta(seconds=n), remoteJid=jid)
    e, d, c, b, a = await listed(doors)
    await act(doors, a, "close", why="done")
    await act(doors, b, "handoff", reason="high_value")
    await act(doors, c, "claim", agent="ana")
    await act(doors, d, "handoff", reason="complaint")
    await act(doors, d, "claim", agent="ben")
    for query, wanted in {
        "state=active": [e, d, c, b],
        "state=open": [e],
        "state=waiting": [b],
        "state=claimed": [d, c],
        "state=closed": [a],
        "handoff=complaint": [d],
        "agent=ana": [c],
        "instance=sales": [e, d, c, b, a],
        "instance=support": [],
        f"since={(AT + timedelta(seconds=3)).strftime('%Y-%m-%dT%H:%M:%SZ')}": [e, d],
    }.items():
        assert await listed(doors, query) == wanted, query
    page = (await doors.ask("GET", f"{PATH}?limit=3")).json
    assert ([each["id"] for each in page["conversations"]], page["next"]) == ([e, d, c], c)
    assert await listed(doors, f"limit=3&before={c}") == [b, a]
    assert (await doors.ask("GET", f"{PATH}?since=2026-01-31T09:00:00")).status == 422
    assert (await doors.ask("GET", f"{PATH}?agent=%00")).status == 422


async def test_a_key_needs_the_scope(doors: House, talks: Talks) -> None:
    one = await opened(talks)
    reader = await doors.make_key("conversations:read")
    assert (await doors.ask("GET", f"{PATH}/{one}", key=reader)).status == 200
    answer = await doors.ask("POST", f"{PATH}/{one}/claim", json={"agent": "x"}, key=reader)
    assert (answer.status, answer.json["scope"]) == (403, "conversations:write")
    assert (await doors.ask("GET", PATH, key=await doors.make_key("inbound:read"))).status == 403


async def test_an_id_that_nobody_has(doors: House) -> None:
    path = f"{PATH}/019aac5e-7a00-7000-8000-000000000007"
    for method, url, body in (("GET", path, None), ("POST", f"{path}/close", {"why": "x"})):
        answer = await doors.ask(method, url, json=body)
        assert (answer.status, answer.json["code"]) == (404, "conversation_not_found")


async def test_a_long_conversation_shows_its_end(doors: House, talks: Talks) -> None:
    one = await opened(talks)
    contact_id = (await talks.one()).contact_id
    await talks.db.execute(
        "insert into heard (instance, provider_id, id, contact_id, direction, at, peer, kind, text)"
        " select 'sales', 'L' || n, overlay(uuid_v7()::text placing substr(h.id::text, 1, 13) from 1 for 13)::uuid,"
        " %(id)s, 'in', h.at, 'x', 'text', n::text from heard h, generate_series(1, 300) n",
        id=contact_id,
    )
    shown = (await doors.ask("GET", f"{PATH}/{one}")).json
    assert (len(shown["timeline"]), shown["whole"]) == (200, False)


def _cells(table: str) -> list[str]:
    return [cell.strip() for line in table.splitlines() for cell in line.split("  ") if cell.strip()]


async def command(monkeypatch: pytest.MonkeyPatch, doors: House, *words: str) -> int:
    monkeypatch.setenv("ANCLORA_URL", doors.address)
    monkeypatch.setenv("API_KEY", doors.key)
    monkeypatch.setattr(sys, "argv", ["anclora", "conversations", *words])

    def run() -> int:
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0)

    return await asyncio.to_thread(run)


async def test_by_command(
    doors: House, talks: Talks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = await opened(talks)
    assert await command(monkeypatch, doors, "handoff", one, "--reason", "complaint", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "waiting"
    assert await command(monkeypatch, doors, "list", "--state", "waiting", "--handoff", "complaint") == 0
    assert {"waiting", "Ana", "not yet", "complaint"} <= set(_cells(capsys.readouterr().out))
    assert await command(monkeypatch, doors, "claim", one, "--agent", "ana") == 0
    capsys.readouterr()
    assert await command(monkeypatch, doors, "claim", one, "--agent", "ben") == 1
    assert "ana has the conversation" in capsys.readouterr().err
    assert await command(monkeypatch, doors, "release", one) == 0
    assert await command(monkeypatch, doors, "close", one, "--why", "sold") == 0
    capsys.readouterr()
    assert await command(monkeypatch, doors, "show", one) == 0
    assert "¿sigue libre?" in capsys.readouterr().out
    assert await command(monkeypatch, doors, "handoff", one, "--reason", "boredom") == 2
