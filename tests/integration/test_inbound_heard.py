"""What people say is in the ledger once, told once, and belongs to somebody."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from messages_harness import DIGITS, Stage

from anclora.contacts import show
from anclora.inbound.apply import Applier
from anclora.inbound.read import Heard, find, get
from anclora.inbound.receive import Inbound
from anclora.kit.settings import load_settings
from anclora.providers.registry import Providers, build

LID, GROUP = "99887766554433@lid", "120363025486012345@g.us"
AT = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
async def evolution(here: Stage) -> AsyncGenerator[Providers, None]:
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), here.clock)
    yield providers
    await providers.close()


@pytest.fixture
async def inbound(here: Stage, evolution: Providers) -> AsyncGenerator[Inbound, None]:
    receiving = Inbound(here.db, evolution, Applier(here.db))
    yield receiving
    await receiving.close()


def body(event: str, data: Any) -> bytes:
    return json.dumps({"event": event, "instance": "sales", "data": data}).encode()


def said(message: Any, key_id: str = "3A01", *, at: datetime = AT, name: str | None = "Ana", **key: Any) -> bytes:
    key = {"id": key_id, "remoteJid": f"{DIGITS}@s.whatsapp.net", "fromMe": False} | key
    stamp = int(at.timestamp())
    return body("messages.upsert", {"key": key, "message": message, "messageTimestamp": stamp, "pushName": name})


def text(words: str, key_id: str = "3A01", **more: Any) -> bytes:
    return said({"conversation": words}, key_id, **more)


async def deliver(inbound: Inbound, *bodies: bytes) -> None:
    await asyncio.gather(*(inbound.accept("sales", "evolution", each) for each in bodies))
    await inbound.close()


async def heard(here: Stage) -> list[Heard]:
    return (await find(here.db))[::-1]


async def told(here: Stage) -> list[tuple[str, str]]:
    rows = await here.db.fetch_all("select type, data->>'provider_id' as id from events order by id")
    return [(row["type"], row["id"]) for row in rows]


async def test_what_somebody_says_is_written_once_and_told_once(here: Stage, inbound: Inbound) -> None:
    await deliver(inbound, text("hola"), text("hola"))
    await deliver(inbound, text("hola"))
    [row] = await heard(here)
    assert (row.direction, row.peer, row.name, row.kind, row.text) == ("in", DIGITS, "Ana", "text", "hola")
    assert (row.at, row.said) == (AT, {"type": "text", "text": "hola"})
    assert await told(here) == [("message.received", "3A01")]
    stored = await here.db.fetch_one("select id from inbound_events order by id limit 1")
    assert stored is not None
    assert row.event_id is not None


async def test_two_processes_that_hear_the_same_write_it_once(here: Stage, evolution: Providers) -> None:
    both = [Inbound(here.db, evolution, Applier(here.db)) for _ in range(2)]
    bodies = [text(f"#{n}", f"3A{n:02}", remoteJid=f"346001113{n:02}@s.whatsapp.net") for n in range(20)]
    await asyncio.gather(*(deliver(one, *order) for one, order in zip(both, (bodies, bodies[::-1]), strict=True)))
    assert sorted(row.provider_id for row in await heard(here)) == sorted(f"3A{n:02}" for n in range(20))
    assert len(await told(here)) == 20


async def test_edits_deletions_reactions_and_votes_name_what_they_are_about(here: Stage, inbound: Inbound) -> None:
    key = {"id": "3A01", "remoteJid": f"{DIGITS}@s.whatsapp.net", "fromMe": False}
    poll = {"pollUpdateMessage": {"pollCreationMessageKey": {"id": "3A01"}, "vote": {"selectedOptions": ["a"]}}}
    await deliver(inbound, text("at four"))
    await deliver(
        inbound,
        body(
            "messages.update",
            {"keyId": "3A01", **key, "status": "SERVER_ACK", "message": {"editedMessage": {"conversation": "at five"}}},
        ),
        said({"reactionMessage": {"key": {"id": "3A01"}, "text": "👍"}}, "3A02"),
        said(poll, "3A03"),
        body("messages.delete", key),
    )
    first = next(row for row in await heard(here) if row.kind == "text")
    whole = await get(here.db, first.id)
    assert whole.text == "at four"
    assert {change.kind: change.target for change in whole.changes} == dict.fromkeys(
        ("edit", "reaction", "vote", "delete"), "3A01"
    )
    assert {change.text for change in whole.changes if change.kind == "edit"} == {"at five"}


async def test_what_is_typed_on_the_phone_is_told_as_such_and_our_own_sends_are_not(
    here: Stage, inbound: Inbound
) -> None:
    typed = text("from my phone", "3A07", fromMe=True, name="Você")
    ours = typed.replace(b"messages.upsert", b"send.message").replace(b"3A07", b"3EB0")
    await deliver(inbound, typed, ours)
    [row] = await heard(here)
    assert (row.direction, row.peer, row.text, row.name) == ("phone", DIGITS, "from my phone", None)
    assert await told(here) == [("message.typed", "3A07")]
    assert (await show(here.db, DIGITS)).last_inbound_at is None


@pytest.mark.parametrize("keep", [False, True])
async def test_groups_are_kept_only_where_the_setting_says_so(here: Stage, evolution: Providers, keep: bool) -> None:
    inbound = Inbound(here.db, evolution, Applier(here.db, keep_groups=keep))
    participant = f"{DIGITS}@s.whatsapp.net"
    await deliver(inbound, text("in group", remoteJid=GROUP, participant=participant))
    rows = await heard(here)
    assert [(row.group, row.peer) for row in rows] == ([(GROUP, DIGITS)] if keep else [])
    known = await here.db.fetch_all("select last_inbound_at from contacts")
    assert known == ([{"last_inbound_at": None}] if keep else [])  # a group opens no window


async def test_a_person_known_by_a_lid_becomes_one_with_the_number_that_is_told_later(
    here: Stage, inbound: Inbound
) -> None:
    await deliver(inbound, text("who am I", "3A01", remoteJid=LID))
    by_lid = await show(here.db, f"lid:{LID.partition('@')[0]}")
    assert (by_lid.phone, by_lid.name, by_lid.last_inbound_at) == (None, "Ana", AT)
    await deliver(inbound, text("it is me", "3A02", remoteJidAlt=LID, at=AT + timedelta(seconds=5)))
    whole = await show(here.db, DIGITS)
    assert (whole.phone, whole.last_inbound_at) == (DIGITS, AT + timedelta(seconds=5))
    assert {(each.kind, each.value) for each in whole.addresses} == {("phone", DIGITS), ("lid", LID.partition("@")[0])}
    assert (await show(here.db, f"lid:{LID.partition('@')[0]}")).id == whole.id
    assert len({row.contact_id for row in await heard(here)}) == 2  # history stays as it was written


async def test_an_empty_name_never_takes_one_away(here: Stage, inbound: Inbound) -> None:
    await deliver(inbound, text("hola"))
    await deliver(
        inbound,
        text("x", "3A02", name=""),
        body("contacts.update", {"remoteJid": f"{DIGITS}@s.whatsapp.net", "pushName": ""}),
    )
    assert (await show(here.db, DIGITS)).name == "Ana"
    await deliver(inbound, body("contacts.update", {"remoteJid": f"{DIGITS}@s.whatsapp.net", "pushName": "Ana María"}))
    assert (await show(here.db, DIGITS)).name == "Ana María"


async def test_a_contact_nobody_spoke_to_is_not_made_of_a_name(here: Stage, inbound: Inbound) -> None:
    await deliver(inbound, body("contacts.upsert", [{"remoteJid": "34600555666@s.whatsapp.net", "pushName": "Bia"}]))
    assert await here.count("contacts") == 0


async def test_a_window_opens_by_words_and_not_by_an_edit_or_a_deletion(here: Stage, inbound: Inbound) -> None:
    key = {"id": "3A01", "remoteJid": f"{DIGITS}@s.whatsapp.net", "fromMe": False}
    await deliver(inbound, body("messages.delete", key))
    assert (await show(here.db, DIGITS)).last_inbound_at is None
    await deliver(inbound, text("hola", "3A02"))
    assert (await show(here.db, DIGITS)).last_inbound_at == AT


async def test_pages_go_by_when_it_was_said(here: Stage, inbound: Inbound) -> None:
    bodies = [text(f"#{n}", f"3A{n:02}", at=AT - timedelta(minutes=n)) for n in range(10)]
    await deliver(inbound, *bodies)
    newest = await find(here.db, limit=4)
    older = await find(here.db, limit=4, before=newest[-1].id)
    assert [row.text for row in (*newest, *older)] == [f"#{n}" for n in range(8)]
    some = await find(here.db, since=AT - timedelta(minutes=3), until=AT - timedelta(minutes=1))
    assert [row.text for row in some] == ["#2", "#3"]
    assert await find(here.db, kind="image") == await find(here.db, instance="other") == []


async def test_an_oddly_addressed_message_is_kept_without_a_contact(here: Stage, inbound: Inbound) -> None:
    await deliver(inbound, text("hola", remoteJid="not a number at all@x"))
    [row] = await heard(here)
    assert (row.contact_id, row.text) == (None, "hola")
