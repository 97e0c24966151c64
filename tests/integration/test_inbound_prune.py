"""Old rows go when a setting says so, a slice at a time; what is young, open or not counted yet stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

from api_harness import HandClock

from anclora.inbound import prune
from anclora.inbound.prune import InboundPrune
from anclora.kit.ids import id_at, new_id
from anclora.kit.settings import load_settings
from anclora.storage.database import Database

NOW = datetime.now(UTC)
_HEARD = (
    "insert into heard (instance, provider_id, id, direction, at, peer, kind) "
    "values ('sales', %(name)s, %(id)s, 'in', %(at)s, '34600111222', 'text')"
)
_GAP = (
    "insert into gaps (id, instance, since, until, why, retry_at, done_at) "
    "values (%(id)s, 'sales', %(at)s, %(at)s, 'asked', %(at)s, %(done)s)"
)


async def heard(db: Database, name: str, days: float) -> Any:
    at = NOW - timedelta(days=days)
    said = id_at(at)
    await db.execute(_HEARD, name=name, id=said, at=at)
    return said


async def gap(db: Database, days: float, *, done: bool) -> None:
    at = NOW - timedelta(days=days)
    await db.execute(_GAP, id=id_at(at), at=at, done=at if done else None)


async def names(db: Database) -> list[str]:
    return [row["provider_id"] for row in await db.fetch_all("select provider_id from heard order by provider_id")]


async def test_what_was_said_goes_only_when_a_setting_says_so(db: Database) -> None:
    await heard(db, "old", 400)
    await heard(db, "young", 29)
    assert await InboundPrune(db, load_settings(), HandClock()).run_once() is False
    assert await names(db) == ["old", "young"]
    assert await InboundPrune(db, load_settings(heard_days=30), HandClock()).run_once() is False
    assert await names(db) == ["young"]


async def test_what_nobody_counted_yet_stays(db: Database) -> None:
    uncounted = await heard(db, "uncounted", 400)
    await db.execute("insert into heard_unread (heard_ids) values (%(ids)s)", ids=[new_id(), uncounted])
    await InboundPrune(db, load_settings(heard_days=30), HandClock()).run_once()
    assert await names(db) == ["uncounted"]


async def test_a_round_takes_a_slice_and_says_that_there_is_more(db: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(prune, "_AT_ONCE", 2)
    for n in range(3):
        await heard(db, f"{n}", 100 - n)
    loop = InboundPrune(db, load_settings(heard_days=30), HandClock())
    assert await loop.run_once() is True
    assert await names(db) == ["2"]
    assert await loop.run_once() is False
    assert await names(db) == []


async def test_gaps_that_are_done_go(db: Database) -> None:
    for days, done in ((100, True), (100, False), (10, True)):
        await gap(db, days, done=done)
    await InboundPrune(db, load_settings(), HandClock()).run_once()
    rows = await db.fetch_all("select done_at is null as open, since from gaps order by since")
    assert [(row["open"], (NOW - row["since"]).days) for row in rows] == [(True, 100), (False, 10)]
