"""Partitions are there before they are needed, a row lands where its id says, and what is old goes by the day."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from anclora.kit.clock import SystemClock
from anclora.kit.errors import UnavailableError
from anclora.kit.ids import first_id_at
from anclora.kit.settings import load_settings
from anclora.messages.sweep import Housekeeping
from anclora.storage.database import Database
from anclora.storage.partitions import SPANS, drop_partitions, ensure_partitions

LEAP = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)
INSERT = "insert into inbound_events (id, instance, kind, body) values (%(id)s, 'sales', 'x', '')"
WHERE = "select tableoid::regclass::text as name from inbound_events where id = %(id)s"


async def names(db: Database, table: str) -> set[str]:
    rows = await db.fetch_all(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = %(table)s::regclass", table=table
    )
    return {str(row["name"]) for row in rows}


async def test_the_span_before_the_present_one_and_three_ahead_are_made(db: Database) -> None:
    async with db.transaction() as connection:
        made = await ensure_partitions(connection, LEAP)
    assert [name for name in made if name.startswith("messages")] == [
        *("messages_2028_01", "messages_2028_02", "messages_2028_03", "messages_2028_04", "messages_2028_05"),
    ]
    assert [name for name in made if name.startswith("inbound")] == [
        *("inbound_events_2028_02_28", "inbound_events_2028_02_29", "inbound_events_2028_03_01"),
        *("inbound_events_2028_03_02", "inbound_events_2028_03_03"),
    ]


async def test_made_again_and_by_two_at_once_they_are_made_once(db: Database) -> None:
    async def make() -> list[str]:
        async with db.transaction() as connection:
            return await ensure_partitions(connection, LEAP)

    one, two = await asyncio.gather(make(), make())
    assert sorted((len(one), len(two))) == [0, len(SPANS) * 5]
    assert await make() == []


async def test_an_id_lands_in_the_partition_of_its_moment_to_the_millisecond(db: Database) -> None:
    midnight = datetime(2028, 3, 1, tzinfo=UTC)
    async with db.transaction() as connection:
        await ensure_partitions(connection, LEAP)
    for moment, name in (
        (midnight - timedelta(milliseconds=1), "inbound_events_2028_02_29"),
        (midnight, "inbound_events_2028_03_01"),
    ):
        await db.execute(INSERT, id=first_id_at(moment))
        assert await db.fetch_one(WHERE, id=first_id_at(moment)) == {"name": name}


async def test_only_what_is_wholly_past_is_dropped(db: Database) -> None:
    async with db.transaction() as connection:
        await ensure_partitions(connection, LEAP)
    before = datetime(2028, 3, 1, tzinfo=UTC)
    present = await names(db, "inbound_events")
    async with db.transaction() as connection:
        dropped = await drop_partitions(connection, "inbound_events", before - timedelta(milliseconds=1))
        assert "inbound_events_2028_02_28" in dropped
        assert "inbound_events_2028_02_29" not in dropped
        assert await drop_partitions(connection, "inbound_events", before) == ["inbound_events_2028_02_29"]
    assert await names(db, "inbound_events") == present - {*dropped, "inbound_events_2028_02_29"}


async def test_a_reader_in_the_way_makes_it_give_up_and_nothing_is_lost(db: Database, database_url: str) -> None:
    async with db.transaction() as connection:
        await ensure_partitions(connection, LEAP)
    present = await names(db, "inbound_events")
    async with await psycopg.AsyncConnection.connect(database_url) as reader:
        await reader.execute("select count(*) from inbound_events")
        with pytest.raises(UnavailableError):
            async with db.transaction() as connection:
                await drop_partitions(connection, "inbound_events", LEAP)
    assert await names(db, "inbound_events") == present


async def test_housekeeping_keeps_webhooks_for_the_days_that_are_set(db: Database) -> None:
    now = datetime.now(UTC)
    async with db.transaction() as connection:
        for days in (20, 10):
            await ensure_partitions(connection, now - timedelta(days=days))
    await Housekeeping(db, load_settings(webhook_days=12), SystemClock()).run_once()
    left = await names(db, "inbound_events")
    assert not {name for name in left if name < f"inbound_events_{now - timedelta(days=12):%Y_%m_%d}"}
    assert f"inbound_events_{now - timedelta(days=10):%Y_%m_%d}" in left
