"""What arrives is stored as it came, in any order and any number of times; one bad event never costs another."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from messages_harness import DIGITS, Stage, metric, stage

from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.kit.errors import InvalidError
from anclora.kit.settings import load_settings
from anclora.providers.contract import Sent
from anclora.providers.evolution.webhook import RANKS
from anclora.providers.registry import Providers, build
from anclora.storage.database import Database

WORD = {1: "SERVER_ACK", 2: "DELIVERY_ACK", 3: "READ", 4: "PLAYED"}
STATE = {1: "sent", 2: "delivered", 3: "read", 4: "played"}


@pytest.fixture
async def here(db: Database, redis: Any) -> AsyncGenerator[Stage, None]:
    async with stage(db, redis) as running:
        yield running


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


def receipt(provider_id: str, word: str) -> bytes:
    return body("messages.update", {"keyId": provider_id, "status": word, "fromMe": True})


def said(sender: str, text: str = "hola", at: datetime | None = None) -> bytes:
    key = {"id": f"IN-{sender}-{text}", "remoteJid": f"{sender}@s.whatsapp.net", "fromMe": False}
    stamp = int((at or datetime.now(UTC)).timestamp())
    return body("messages.upsert", {"key": key, "message": {"conversation": text}, "messageTimestamp": stamp})


async def deliver(inbound: Inbound, *bodies: bytes) -> None:
    """These arrive together, end up in one commit, and are applied."""
    await asyncio.gather(*(inbound.accept("sales", "evolution", each) for each in bodies))
    await inbound.close()


async def stored(here: Stage) -> list[tuple[str, bytes, str | None]]:
    rows = await here.db.fetch_all("select kind, body, error from inbound_events order by id")
    return [(row["kind"], bytes(row["body"]), row["error"]) for row in rows]


async def sent_message(here: Stage, provider_id: str, text: str = "hola", to: str = "+34600111222") -> Any:
    message_id = await here.accept(text, to=to)
    await here.finish(await here.attempt(message_id), Sent(provider_id=provider_id))
    return message_id


async def last_heard(here: Stage, phone: str) -> datetime | None:
    row = await here.db.fetch_one("select last_inbound_at from contacts where phone = %(phone)s", phone=phone)
    return row["last_inbound_at"] if row else None


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])), ids=str)
async def test_receipts_in_any_order_end_at_the_highest(here: Stage, inbound: Inbound, order: tuple[int, ...]) -> None:
    message_id = await sent_message(here, "P1")
    highest = 1
    for rank in order:
        await deliver(inbound, receipt("P1", WORD[rank]))
        highest = max(highest, rank)
        assert await here.state(message_id) == STATE[highest]
    row = await here.row(message_id)
    assert None not in (row["sent_at"], row["delivered_at"], row["read_at"])


async def test_what_was_played_was_read_and_delivered(here: Stage, inbound: Inbound) -> None:
    message_id = await sent_message(here, "P1")
    await deliver(inbound, receipt("P1", "PLAYED"))  # the others were lost
    row = await here.row(message_id)
    assert row["played_at"] == row["read_at"] == row["delivered_at"] is not None


@pytest.mark.parametrize("order", [(4, 1, 2, 3), (2, 4, 3, 1)], ids=str)
async def test_receipts_of_one_commit_end_at_the_highest_too(
    here: Stage, inbound: Inbound, order: tuple[int, ...]
) -> None:
    message_id = await sent_message(here, "P1")
    await deliver(inbound, *(receipt("P1", WORD[rank]) for rank in order))
    assert await here.state(message_id) == "played"


async def test_duplicates_are_harmless_and_each_is_stored(here: Stage, inbound: Inbound) -> None:
    message_id = await sent_message(here, "P1")
    await deliver(inbound, receipt("P1", "DELIVERY_ACK"))
    before = await here.row(message_id)
    for _ in range(3):
        await deliver(inbound, receipt("P1", "DELIVERY_ACK"), receipt("P1", "DELIVERY_ACK"))
    assert await here.row(message_id) == before
    assert len(await stored(here)) == 7


async def test_receipts_before_the_result_wait_for_it(here: Stage, inbound: Inbound) -> None:
    message_id = await here.accept()
    intent = await here.attempt(message_id)
    await deliver(inbound, receipt("P1", "READ"), receipt("P1", "SERVER_ACK"))
    assert await here.state(message_id) == "sending"
    await here.finish(intent, Sent(provider_id="P1"))
    assert await here.state(message_id) == "read"


async def test_every_word_of_the_provider_has_a_rank(here: Stage, inbound: Inbound) -> None:
    for number, (word, rank) in enumerate(RANKS.items()):
        phone = f"+346009{number:05d}"
        message_id = await sent_message(here, f"P{number}", f"#{number}", phone)
        await deliver(inbound, body("messages.update", {"keyId": f"P{number}", "status": word}))
        assert await here.state(message_id) == (STATE[rank] if rank else "failed"), word


async def test_two_numbers_may_use_one_provider_id(here: Stage, inbound: Inbound) -> None:
    message_id = await sent_message(here, "P1")
    await inbound.accept("other", "evolution", receipt("P1", "READ"))
    await inbound.close()
    assert await here.state(message_id) == "sent"


async def refuse(here: Stage, table: str, condition: str) -> None:
    """Make Postgres refuse some rows, as it does for what nobody foresaw."""
    change = f"alter table {table} add constraint no_poison check (not ({condition}))"
    await here.db.execute(change)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("place", [0, 3, 6])
async def test_a_poisoned_event_is_set_aside_and_its_batch_goes_through(
    here: Stage, inbound: Inbound, place: int
) -> None:
    ids = [await sent_message(here, f"P{n}", f"#{n}", f"+3460011122{n}") for n in range(6)]
    await refuse(here, "provider_messages", "provider_id = 'POISON'")
    poisoned = metric("anclora_inbound_poisoned_total")
    bodies = [receipt(f"P{n}", "READ") for n in range(6)]
    bodies.insert(place, receipt("POISON", "READ"))
    await deliver(inbound, *bodies)
    assert [await here.state(i) for i in ids] == ["read"] * 6
    kept = await stored(here)
    assert sorted(raw for _, raw, _ in kept) == sorted(bodies)
    assert [(kind, error) for kind, _, error in kept if error] == [("receipt", "CheckViolation")]
    assert poisoned() == 1


NUL, HALF = "a\x00b", "half \ud83d"
STRANGE = {
    "NUL in the words": said("34600111333", NUL),
    "half an emoji": said("34600111333", HALF),
    "NUL in the id": receipt(f"P{NUL}", "READ"),
    "half an emoji in the id": receipt(HALF, "READ"),
    "NUL in the sender": said(f"34600{NUL}"),
    "NUL in the error": body("messages.update", {"keyId": "P7", "status": "ERROR", "message": {"text": NUL}}),
    "an event nobody knows": body("planets.aligned", {"deep": [[[[]]]]}),
    "NUL in the kind": body(f"planets{NUL}", {}),
    "half an emoji in the kind": body(HALF, {}),
    "a kind without end": body("x" * 5_000, {}),
    "a kind like a list": body('{"a\\\\b", NULL}', {}),
    "another shape": body("messages.update", {"keyId": 7, "status": ["READ"]}),
    "another shape of data": body("messages.upsert", [1, None, "x"]),
    "no data": b'{"event": "messages.update"}',
    "a time beyond time": body(
        "messages.upsert",
        {"key": {"id": "T", "remoteJid": "34600111333@s.whatsapp.net"}, "messageTimestamp": 10**30},
    ),
    "a time before time": body(
        "messages.upsert",
        {"key": {"id": "T", "remoteJid": "34600111333@s.whatsapp.net"}, "messageTimestamp": -(10**15)},
    ),
    "an unknown word": receipt("P1", "TELEPATHY"),
    "nobody": body("messages.upsert", {"key": {}}),
    "nothing": body("connection.update", {}),
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
async def test_whatever_comes_is_stored_and_the_receipt_beside_it_counts(
    here: Stage, inbound: Inbound, strange: bytes
) -> None:
    message_id = await sent_message(here, "P1")
    await deliver(inbound, strange, receipt("P1", "READ"))
    assert await here.state(message_id) == "read"
    assert sorted(raw for _, raw, _ in await stored(here)) == sorted([strange, receipt("P1", "READ")])


async def test_a_kind_is_stored_letter_by_letter(here: Stage, inbound: Inbound) -> None:
    kinds = ['{"a\\\\b", NULL}', "NULL", '"', "\\\\", ",", "{}", "' or 1"]
    await deliver(inbound, *(body(kind, {}) for kind in kinds))
    assert sorted(kind for kind, _, _ in await stored(here)) == sorted(kinds)


async def test_receipts_wait_for_more_of_them_but_not_beside_what_people_write_nor_at_the_end(
    here: Stage, evolution: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anclora.inbound.apply._RECEIPTS_LINGER_SECONDS", 3_600.0)
    first, second = await sent_message(here, "P1"), await sent_message(here, "P2", "adios", to="+34600111333")
    applier = Applier(here.db)
    inbound = Inbound(here.db, evolution, applier)
    async with asyncio.timeout(20):
        await inbound.accept("sales", "evolution", receipt("P1", "READ"))
        round_ = asyncio.create_task(applier.run_once())
        await inbound.accept("sales", "evolution", said("34600111444"))
        await round_
        assert await here.state(first) == "read"
        await inbound.accept("sales", "evolution", receipt("P2", "READ"))
        round_ = asyncio.create_task(applier.run_once())
        await here.state(second)  # it has begun
        assert not round_.done()
        applier.stop()
        await round_
        assert await here.state(second) == "read"


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"7", b'{"data": {}}', b"\xff\xfe", b'{"event": 7}'])
async def test_what_is_no_event_is_refused_and_not_stored(here: Stage, inbound: Inbound, junk: bytes) -> None:
    with pytest.raises(InvalidError):
        await inbound.accept("sales", "evolution", junk)
    assert await stored(here) == []


async def test_a_message_from_a_person_opens_the_window_and_never_closes_it(here: Stage, inbound: Inbound) -> None:
    late = datetime.now(UTC).replace(microsecond=0)
    early = late - timedelta(hours=5)
    await deliver(inbound, said(DIGITS, "later", late), said(DIGITS, "earlier", early))
    assert await last_heard(here, DIGITS) == late
    await deliver(inbound, said(DIGITS, "earlier", early))
    assert await last_heard(here, DIGITS) == late


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({"state": "close", "statusReason": 428}, "close"),
        ({"state": "close", "statusReason": 401}, "logged_out"),
        ({"state": "connecting"}, "connecting"),
        ({"state": "refused"}, "close"),
        ({"state": "open"}, "open"),
    ],
)
async def test_the_number_says_how_it_is_connected(here: Stage, inbound: Inbound, data: Any, state: str) -> None:
    await deliver(inbound, body("connection.update", data))
    row = await here.db.fetch_one("select state from instances where name = 'sales'")
    assert row == {"state": state}


async def test_many_at_once_over_the_same_people_do_not_stand_in_each_others_way(
    here: Stage, inbound: Inbound, evolution: Providers
) -> None:
    ids = [await sent_message(here, f"P{n}", f"#{n}", f"+346001112{n:02d}") for n in range(20)]
    other = Inbound(here.db, evolution, Applier(here.db))  # as in another process
    receipts = [receipt(f"P{n}", word) for n in range(20) for word in ("DELIVERY_ACK", "READ")]
    talk = [said(f"346001112{n:02d}") for n in range(20)]
    bodies = [*receipts, *talk]
    await asyncio.gather(*(deliver(one, *(bodies if one is inbound else bodies[::-1])) for one in (inbound, other)))
    await other.close()
    assert [await here.state(i) for i in ids] == ["read"] * 20
    assert len(await stored(here)) == 120
