"""Whatever is posted is stored, refused or asked to come again; nothing that was taken gets lost."""

import json
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from api_harness import Answered, HandClock, House, house

from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.kit.settings import load_settings
from anclora.providers.registry import build
from anclora.storage.database import Database

SEED = 20_260_301
MUTANTS = 600
CORPUS = Path(__file__).parents[1] / "contract" / "evolution-2.3.7"
REFUSALS = (400, 408, 413, 503)
SPECIALS = (
    b"\\u0000", b"\\ud83d", b"\xff", b"null", b"1e999", b"-0", b"{}", b"[]", b'""', b"18446744073709551616", b"\x00",
    b'{"low":-1,"high":-1}', b"[" * 40, b'{"a":' * 40, b'"' + b"x" * 5_000 + b'"', b"\\", b",", b":", b"true",
)  # fmt: skip


@dataclass
class Door:
    house: House
    inbound: Inbound
    secret: str

    async def post(self, body: bytes) -> Answered:
        return await self.house.ask(
            "POST", "/webhooks/evolution/sales", data=BytesIO(body), key=None, X_Anclora_Secret=self.secret
        )


@pytest.fixture
async def door(db: Database, redis: Any) -> AsyncGenerator[Door, None]:
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), HandClock())
    inbound = Inbound(db, providers, Applier(db, keep_groups=True))
    async with house(db, redis, inbound=inbound) as doors:
        await doors.deps.book.refresh()
        yield Door(doors, inbound, doors.deps.book.get("sales").secret)
    await inbound.close()
    await providers.close()


def corpus() -> list[bytes]:
    bodies: dict[bytes, None] = {}
    for file in sorted(CORPUS.glob("*/*.json")):
        for hook in json.loads(file.read_text(encoding="utf-8")).get("webhooks") or ():
            if isinstance(hook["body"], dict):
                bodies[json.dumps(hook["body"], separators=(",", ":")).encode()] = None
    return list(bodies)


def mutant(bodies: Sequence[bytes], dice: Random) -> bytes:
    """A recorded webhook, damaged once or a few times."""
    body = bytearray(dice.choice(bodies))
    for _ in range(dice.choice((1, 1, 2, 4))):
        at, other = dice.randrange(len(body) + 1), dice.randrange(len(body) + 1)
        start, end = min(at, other), min(max(at, other), min(at, other) + 60)
        match dice.randrange(6):
            case 0:
                del body[start:end]
            case 1:
                body[at:at] = body[start:end]
            case 2:
                body[at:at] = dice.choice(SPECIALS)
            case 3:
                body[start:end] = dice.choice(SPECIALS)
            case 4:
                donor = dice.choice(bodies)
                body[start:end] = donor[start:end]
            case _:
                if at < len(body):
                    body[at] = dice.randrange(256)
    return bytes(body)


def replaced(body: bytes, dice: Random) -> bytes:
    """A recorded webhook whose JSON stays sound, with one value of another kind."""
    whole = json.loads(body)
    places: list[tuple[Any, Any]] = []
    stack = [whole]
    while stack:
        inner = stack.pop()
        pairs = inner.items() if isinstance(inner, dict) else enumerate(inner)
        for name, value in list(pairs):
            places.append((inner, name))
            if isinstance(value, dict | list):
                stack.append(value)
    inner, name = dice.choice(places)
    odd: list[Any] = [
        None,
        7,
        -1,
        2**63,
        1.5,
        True,
        "",
        "x" * 3_000,
        "a\x00b",
        [],
        {},
        [[]],
        {"low": 1},
        "\ud83d",
        ["x", None],
    ]
    inner[name] = dice.choice(odd)
    return json.dumps(whole).encode()


async def stored(db: Database) -> Counter[bytes]:
    return Counter(bytes(row["body"]) for row in await db.fetch_all("select body from inbound_events"))


@pytest.mark.timeout(240)
async def test_no_damage_to_a_recorded_webhook_breaks_the_door(door: Door, db: Database) -> None:
    dice, bodies = Random(SEED), corpus()
    assert len(bodies) > 100
    taken: Counter[bytes] = Counter()
    for number in range(MUTANTS):
        body = mutant(bodies, dice) if number % 2 else replaced(dice.choice(bodies), dice)
        answer = await door.post(body)
        assert answer.status == 200 or answer.status in REFUSALS, (SEED, number, answer.status, body[:500])
        if answer.status == 200:
            taken[body] += 1
    await door.inbound.close()
    assert await stored(db) == taken, SEED
    assert sum(taken.values()) > MUTANTS / 3
    left = await db.fetch_all("select id from inbound_unapplied")
    assert left == [], "taken, and neither applied nor marked"
    failed = await db.fetch_all(
        "select error, convert_from(body, 'utf-8') as body from inbound_events where error is not null"
    )
    # Odd, and still applied or nothing to us. Only an id of ours that no text column can hold is set aside, and listed.
    assert {row["error"] for row in failed} <= {"UntranslatableCharacter"}, SEED
    assert all("\\u0000" in row["body"] for row in failed), SEED


async def test_every_recorded_webhook_is_taken_and_applied(door: Door, db: Database) -> None:
    bodies = corpus()
    for body in bodies:
        assert (await door.post(body)).status == 200, body[:300]
    await door.inbound.close()
    assert await stored(db) == Counter(bodies)
    assert await db.fetch_all("select error from inbound_events where error is not null") == []
    heard = await db.fetch_one("select count(distinct kind) as n from heard")
    assert heard is not None
    assert heard["n"] >= 10


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"event":"x","data":"' + b"a" * 10_000_000 + b'"}', 413),
        (b'{"event":"messages.upsert","data":' + b"[" * 200_000, 400),
        (b'{"event":"messages.upsert","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"event":"messages.upsert","data":' + b'{"message":' * 100_000 + b"1" + b"}" * 100_001, 400),
        (b'{"event":"x","data":"\xff\xfe"}', 200),  # of no use to us, and kept as it came
        (b'{"event":"messages.upsert","data":"\xff\xfe"}', 200),
        (b'{"event":"x\xc3","data":{}}', 400),
        (b"\xef\xbb\xbf{}", 400),
    ],
    ids=[
        "10 MB",
        "open without end",
        "deep lists",
        "deep objects",
        "invalid UTF-8",
        "invalid where it is read",
        "cut UTF-8",
        "a mark in front",
    ],
)
async def test_bodies_nobody_should_send(door: Door, db: Database, body: bytes, status: int) -> None:
    answer = await door.post(body)
    assert answer.status == status
    assert await stored(db) == Counter([body] if status == 200 else [])
    assert (await door.post(corpus()[0])).status == 200  # the door still stands


async def test_fifty_thousand_messages_in_one_body_are_all_written(door: Door, db: Database) -> None:
    item = '{{"key":{{"id":"A{n}","remoteJid":"34600111222@s.whatsapp.net"}},"message":{{"conversation":"x"}}}}'
    body = f'{{"event":"messages.upsert","data":[{",".join(item.format(n=n) for n in range(50_000))}]}}'.encode()
    assert (await door.post(body)).status == 200
    await door.inbound.close()
    row = await db.fetch_one("select count(*) as n from heard")
    assert row == {"n": 50_000}
    assert await db.fetch_one("select error from inbound_events where error is not null") is None
