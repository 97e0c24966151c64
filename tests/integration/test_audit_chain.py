"""The audit trail proves itself: what is changed, removed, added or cut off in the past shows."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import pytest

from anclora.audit import Head, Sealer, record, verify
from anclora.storage.database import Database


def now() -> datetime:
    return datetime.now(UTC)


async def write(db: Database, *actions: str) -> None:
    for action in actions:
        async with db.transaction() as conn:
            await record(conn, actor="cli", action=action, subject="key:1", detail={"n": 0.1, "words": "ñ"})


async def execute(db: Database, statement: LiteralString) -> None:
    async with db.transaction() as conn:
        await conn.execute(statement)


async def sealed(db: Database, *actions: str) -> Head:
    await write(db, *actions)
    await Sealer(db).run_once()
    return (await verify(db, now())).head


async def findings(db: Database, expected: Head | None = None) -> Sequence[str]:
    return (await verify(db, now(), expected=expected)).findings


async def test_a_trail_that_nobody_touched_is_whole_and_grows_behind_its_head(db: Database) -> None:
    assert (await verify(db, now())).head == Head()
    first = await sealed(db, "key.create", "key.revoke")
    second = await sealed(db, "contact.opt_out")
    assert (first.place, second.place) == (2, 3)
    assert await findings(db, first) == []
    assert await findings(db, second) == []
    assert not await Sealer(db).run_once()


@pytest.mark.parametrize(
    "change",
    ["actor = 'key:9'", "action = 'key.create '", "subject = 'x'", "detail = '{}'", "at = at + interval '1 us'"],
)
async def test_a_changed_fact_is_named(db: Database, change: LiteralString) -> None:
    await sealed(db, "key.create", "key.revoke", "gate.close")
    await execute(db, f"update audit set {change} where place = 2")  # noqa: S608 - the test's own words
    [finding] = await findings(db)
    assert finding.startswith("Place 2 (key.")


async def test_a_removed_fact_leaves_a_hole(db: Database) -> None:
    await sealed(db, "key.create", "key.revoke", "gate.close")
    await execute(db, "delete from audit where place = 2")
    assert await findings(db) == ["Between places 1 and 3 facts are missing."]


async def test_a_removed_fact_whose_followers_moved_up_shows_too(db: Database) -> None:
    await sealed(db, "key.create", "key.revoke", "gate.close")
    await execute(db, "delete from audit where place = 2")
    await execute(db, "update audit set place = 2 where place = 3")
    [finding] = await findings(db)
    assert finding.startswith("Place 2 (gate.close")


async def test_an_end_that_was_cut_off_shows_against_a_head_noted_before(db: Database) -> None:
    head = await sealed(db, "key.create", "key.revoke")
    await execute(db, "delete from audit where place = 2")
    assert await findings(db) == []
    assert await findings(db, head) == ["Place 2, noted before, is gone: the end was cut off."]


async def test_a_chain_written_anew_shows_against_a_head_noted_before(db: Database) -> None:
    head = await sealed(db, "key.create", "key.revoke")
    await execute(db, "update audit set actor = 'key:9', place = null, hash = null")
    await Sealer(db).run_once()
    assert await findings(db) == []
    assert await findings(db, head) == ["Place 2, noted before, is not what it was."]


async def test_what_nobody_seals_is_told(db: Database) -> None:
    await write(db, "key.create")
    assert await findings(db) == []
    late = await verify(db, now() + timedelta(minutes=16))
    assert [finding[:44] for finding in late.findings] == ["1 facts older than 15 minutes are not sealed"]


async def test_many_processes_seal_one_chain(db: Database) -> None:
    await write(db, *(f"key.n{n}" for n in range(40)))
    await asyncio.gather(*(Sealer(db).run_once() for _ in range(4)))
    done = await verify(db, now())
    assert (done.facts, done.head.place, done.findings) == (40, 40, [])


async def test_a_fact_that_commits_late_is_sealed_later(db: Database) -> None:
    async with db.transaction() as conn:
        await record(conn, actor="cli", action="key.slow", subject="key:1")
        await sealed(db, "key.fast")
    await Sealer(db).run_once()
    rows = await db.fetch_all("select action, place from audit order by place")
    assert [(row["action"], row["place"]) for row in rows] == [("key.fast", 1), ("key.slow", 2)]
    assert await findings(db) == []
