"""The provider's door with everything real behind it: 200 means stored, anything else stores nothing."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
from api_harness import PHONE, Answered, HandClock, House, house

from anclora.inbound.apply import Applier
from anclora.inbound.receive import Inbound
from anclora.instances import rotate
from anclora.kit.settings import load_settings
from anclora.providers.registry import build
from anclora.storage.database import Database

PATH = "/webhooks/evolution/sales"
READ = b'{"event": "messages.update", "instance": "sales", "data": {"keyId": "P1", "status": "READ"}}'


@dataclass
class Door:
    """The doors, and the secret that opens the provider's."""

    house: House
    secret: str

    async def post(self, body: bytes = READ, *, secret: str | None = None, path: str = PATH) -> Answered:
        return await self.house.ask("POST", path, data=body, key=None, X_Anclora_Secret=secret or self.secret)

    async def stored(self) -> list[bytes]:
        rows = await self.house.deps.db.fetch_all("select body from inbound_events order by id")
        return [bytes(row["body"]) for row in rows]


@pytest.fixture
async def door(db: Database, redis: Any) -> AsyncGenerator[Door, None]:
    clock = HandClock()
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), clock)
    inbound = Inbound(db, providers, Applier(db))
    async with house(db, redis, inbound=inbound, webhook_limit_bytes=2_000) as doors:
        await doors.deps.book.refresh()
        yield Door(doors, doors.deps.book.get("sales").secret)
    await inbound.close()
    await providers.close()


async def test_after_the_answer_the_event_is_stored_and_then_applied(door: Door, db: Database) -> None:
    sent = await door.house.ask("POST", "/api/v1/messages", json={"to": PHONE, "text": "hola"})
    await db.execute("update messages set state = 'sent', attempt = 1, provider_id = 'P1'")
    await db.execute(
        "insert into provider_messages (instance, provider_id, message_id, attempt) values ('sales', 'P1', %(id)s, 1)",
        id=sent.json["id"],
    )
    assert (await door.post()).status == 200
    await door.house.deps.inbound.close()  # pyright: ignore[reportAttributeAccessIssue]
    shown = await door.house.ask("GET", f"/api/v1/messages/{sent.json['id']}")
    assert (shown.json["state"], await door.stored()) == ("read", [READ])


async def test_the_same_event_twice_is_200_twice(door: Door) -> None:
    assert [(await door.post()).status for _ in range(2)] == [200, 200]
    assert await door.stored() == [READ, READ]


async def test_the_old_secret_is_good_for_24_hours_and_not_longer(door: Door, db: Database) -> None:
    old = door.secret
    new = (await rotate(db, "sales", actor="ana")).secret
    await after_hours(db, door, 23.9)
    assert [(await door.post(secret=each)).status for each in (old, new)] == [200, 200]
    await after_hours(db, door, 0.2)
    assert [(await door.post(secret=each)).status for each in (old, new)] == [401, 200]
    assert len(await door.stored()) == 3


async def after_hours(db: Database, door: Door, hours: float) -> None:
    """So much later: the old secret's end comes nearer, and what is cached is old."""
    await db.execute(
        "update instances set old_secret_until = old_secret_until - make_interval(secs => %(s)s)", s=hours * 3600
    )
    clock: Any = door.house.deps.clock
    clock.boot += hours * 3600


@pytest.mark.parametrize(
    ("body", "path", "secret", "status"),
    [
        (b"{", PATH, None, 400),
        (b"[]", PATH, None, 400),
        (b'{"data": {}}', PATH, None, 400),
        (b'{"event": "x", "data": "' + b"a" * 2_000 + b'"}', PATH, None, 413),
        (READ, PATH, "wrong", 401),
        (READ, "/webhooks/evolution/shop", None, 404),
    ],
)
async def test_a_refused_event_is_not_stored(
    door: Door, body: bytes, path: str, secret: str | None, status: int
) -> None:
    refused = await door.post(body, path=path, secret=secret)
    assert (refused.status, refused.headers["Content-Type"]) == (status, "application/problem+json")
    assert await door.stored() == []


async def test_a_poisoned_event_is_200_because_repeating_cannot_mend_it(door: Door, db: Database) -> None:
    await db.execute("alter table provider_messages add constraint no_poison check (provider_id <> 'P1')")
    assert (await door.post()).status == 200
    await door.house.deps.inbound.close()  # pyright: ignore[reportAttributeAccessIssue]
    row = await db.fetch_one("select error from inbound_events")
    assert row == {"error": "CheckViolation"}


async def test_with_the_ledger_away_it_is_503_and_when_to_come_back(door: Door, db: Database) -> None:
    await db.close()
    refused = await door.post()
    assert (refused.status, int(refused.headers["Retry-After"]) >= 1) == (503, True)
