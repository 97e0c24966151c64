"""In whatever order evidence of addresses comes, it ends in the same contacts."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anclora.contacts import Evidence, resolve
from anclora.storage.database import Database, open_pool

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = [f"phone:3460011122{n}" for n in range(4)] + [f"lid:99{n}" for n in range(4)] + ["cloud:a", "cloud:b"]
sets_of = st.lists(
    st.sets(st.sampled_from(NAMES), min_size=1, max_size=3).map(lambda names: tuple(sorted(names))),
    min_size=1,
    max_size=8,
)


def joined(evidence: Sequence[tuple[str, ...]]) -> set[frozenset[str]]:
    """What evidence joins, worked out the plain way."""
    groups: list[set[str]] = []
    for addresses in evidence:
        touched = [group for group in groups if group & set(addresses)]
        groups = [group for group in groups if group not in touched] + [set(addresses).union(*touched)]
    return {frozenset(group) for group in groups}


async def found(db: Database) -> set[frozenset[str]]:
    rows = await db.fetch_all("select array_agg(kind || ':' || value) as them from addresses group by contact_id")
    return {frozenset(row["them"]) for row in rows}


async def told(db: Database, orders: Sequence[Sequence[Sequence[tuple[str, ...]]]]) -> list[set[frozenset[str]]]:
    ends: list[set[frozenset[str]]] = []
    for batches in orders:
        await db.execute("truncate contacts, addresses, contact_merges cascade")
        for batch in batches:
            async with db.transaction() as conn:
                await resolve(conn, [Evidence(addresses=each, at=NOW, why="test") for each in batch])
        ends.append(await found(db))
        opted = await db.fetch_all(
            "select c.phone, a.contact_id, coalesce(c.merged_into, c.id) as root from contacts c"
            " join addresses a on a.kind = 'phone' and a.value = c.phone"
        )
        assert all(row["contact_id"] == row["root"] for row in opted), "a number's own row and its address disagree"
    return ends


def test_any_order_of_evidence_ends_in_the_same_contacts(make_database: Callable[[], str]) -> None:
    url = make_database()

    with asyncio.Runner() as runner:
        db = runner.run(_open(url))

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(sets_of, st.randoms(use_true_random=False))
        def holds(evidence: list[tuple[str, ...]], dice: object) -> None:
            shuffled = list(evidence)
            dice.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
            one_by_one, at_once = [[each] for each in shuffled], [evidence]
            ends = runner.run(told(db, [one_by_one, at_once, [[each] for each in evidence]]))
            assert ends == [joined(evidence)] * 3

        try:
            holds()
        finally:
            runner.run(db.close())


async def _open(url: str) -> Database:
    return Database(await open_pool(url, max_size=2))
