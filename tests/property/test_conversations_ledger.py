"""In whatever order and portions things are heard, the ledger ends with the same conversations, and tells of each."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anclora.conversations import ConversationFollower
from anclora.kit.ids import id_at, new_id
from anclora.kit.settings import load_settings
from anclora.storage.database import Database, open_pool
from anclora.storage.partitions import ensure_partitions
from tests.property.conversations_on_paper import IDLE, START, Plain, on_paper, portions

NOW = START + timedelta(hours=320)
hours = st.integers(0, 300).map(lambda n: START + timedelta(hours=n))
moments = st.lists(hours, max_size=12)
Fact = tuple[datetime, int]


class Still:
    """A clock that stands."""

    off_seconds = 0.0

    def now(self) -> datetime:
        return NOW

    def boot_seconds(self) -> float:
        return 0.0


async def heard(db: Database, contact_id: UUID, some: Sequence[Fact]) -> None:
    ids = [id_at(at) for at, _ in some]
    for (at, side), key in zip(some, ids, strict=True):
        await db.execute(
            "insert into heard (instance, provider_id, id, contact_id, direction, at, peer, kind)"
            " values ('sales', %(name)s, %(id)s, %(contact_id)s, %(direction)s, %(at)s, '346', 'text')",
            name=str(key),
            id=key,
            contact_id=contact_id,
            direction="phone" if side else "in",
            at=at,
        )
    await db.execute("insert into heard_unread (heard_ids) values (%(ids)s)", ids=ids)


async def found(db: Database, contact_id: UUID) -> list[Plain]:
    rows = await db.fetch_all(
        "select opened_at, last_in_at, last_out_at, first_response_at, closed_at from conversations"
        " where contact_id = %(id)s and merged_into is null order by opened_at",
        id=contact_id,
    )
    for row in rows:
        end = max(row["last_in_at"], row["last_out_at"] or row["last_in_at"]) + IDLE
        assert row["closed_at"] == (end if end < NOW else None)
    return [Plain(*(row[name] for name in names)) for row in rows]


names = ("opened_at", "last_in_at", "last_out_at", "first_response_at")


async def told(db: Database) -> tuple[int, int]:
    """How many conversations integrators believe to be open, and how many are."""
    row = await db.fetch_one(
        "with last as (select distinct on (subject) type from events order by subject, ordinal desc)"
        " select (select count(*) from last where type = 'conversation.opened')::integer as believed,"
        " (select count(*) from conversations where closed_at is null and merged_into is null)::integer as open"
    )
    assert row is not None
    return row["believed"], row["open"]


def test_any_order_ends_in_the_same_rows(make_database: Callable[[], str]) -> None:
    url = make_database()
    with asyncio.Runner() as runner:
        db = runner.run(_open(url))
        follower = ConversationFollower(db, load_settings(), Still())

        async def run(ins: list[datetime], outs: list[datetime], dice: Random, sizes: list[int]) -> None:
            contact_id = new_id()
            await db.execute("insert into contacts (id) values (%(id)s)", id=contact_id)
            facts = [*((at, 0) for at in ins), *((at, 1) for at in outs)]
            dice.shuffle(facts)
            for some in portions(facts, sizes):
                await heard(db, contact_id, some)
                await follower.run_once()
            assert await found(db, contact_id) == on_paper(ins, outs)
            believed, there = await told(db)
            assert believed == there

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(moments, moments, st.randoms(use_true_random=False), st.lists(st.integers(1, 5), max_size=5))
        def holds(ins: list[datetime], outs: list[datetime], dice: Random, sizes: list[int]) -> None:
            runner.run(run(ins, outs, dice, sizes))

        try:
            holds()
        finally:
            runner.run(db.close())


async def _open(url: str) -> Database:
    db = Database(await open_pool(url))
    async with db.transaction() as conn:
        await ensure_partitions(conn, datetime.now(UTC))
    return db
