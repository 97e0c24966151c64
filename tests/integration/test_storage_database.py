"""What features may expect of Postgres: all or nothing, and an honest word when it is away."""

import asyncio
from collections.abc import AsyncGenerator

import psycopg
import pytest

from anclora.kit.errors import UnavailableError
from anclora.storage.database import CommitUnknownError, Database, open_pool
from tests.waiting import eventually

ADD = "insert into accounts (name) values (%(name)s) returning name"
COUNT = "select count(*)::integer as n from accounts"
ASLEEP = "select from pg_stat_activity where application_name = 'victim' and wait_event = 'PgSleep'"
KILL = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'"


@pytest.fixture
async def victim(database_url: str) -> AsyncGenerator[Database, None]:
    """A database with a single connection, which a test may take away."""
    database = Database(await open_pool(database_url, max_size=1, timeout_seconds=5, application_name="victim"))
    try:
        yield database
    finally:
        await database.close()


async def test_fetches(db: Database) -> None:
    assert await db.fetch_one("SELECT %(x)s::int AS x", x=1) == {"x": 1}
    assert await db.fetch_all("SELECT name FROM accounts") == [{"name": "main"}]


async def test_a_block_that_raises_stores_nothing(db: Database) -> None:
    async def work() -> None:
        async with db.transaction() as connection:
            await connection.execute(ADD, {"name": "other"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await work()
    assert await db.fetch_one(COUNT) == {"n": 1}


async def test_a_block_that_ends_has_stored_all(db: Database) -> None:
    async with db.transaction() as connection:
        await connection.execute(ADD, {"name": "other"})
    assert await db.commit(ADD, name="third") == [("third",)]
    assert await db.fetch_one(COUNT) == {"n": 3}


async def test_what_the_schema_forbids_passes_through(db: Database) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        await db.commit(ADD, name="main")
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with db.transaction() as connection:
            await connection.execute(ADD, {"name": "main"})


async def test_no_free_connection_in_time_is_said_so(victim: Database) -> None:
    async with victim.connection():
        with pytest.raises(UnavailableError) as refused:
            await victim.fetch_one(COUNT)
    assert refused.value.code == "database_unavailable"
    assert await victim.fetch_one(COUNT) == {"n": 1}


async def test_a_connection_lost_before_the_commit_stores_nothing_and_the_next_use_heals(
    victim: Database, db: Database
) -> None:
    async def work() -> None:
        async with victim.transaction() as connection:
            await connection.execute(ADD, {"name": "other"})
            await db.fetch_all(KILL)
            await connection.execute(ADD, {"name": "another"})

    with pytest.raises(UnavailableError) as lost:
        await work()
    assert not isinstance(lost.value, CommitUnknownError)
    assert await victim.fetch_one(COUNT) == {"n": 1}


async def test_a_connection_lost_at_the_commit_is_an_unknown_outcome(victim: Database, db: Database) -> None:
    async def work() -> None:
        async with victim.transaction() as connection:
            await connection.execute(ADD, {"name": "other"})
            await db.fetch_all(KILL)

    with pytest.raises(CommitUnknownError):
        await work()
    assert await victim.fetch_one(COUNT) == {"n": 1}


async def test_a_hot_statement_that_left_and_was_never_answered_is_an_unknown_outcome(
    victim: Database, db: Database
) -> None:
    async def asleep() -> bool:
        return bool(await db.fetch_all(ASLEEP))

    running = asyncio.create_task(victim.commit("select pg_sleep(60)"))
    await eventually(asleep)
    await db.fetch_all(KILL)
    with pytest.raises(CommitUnknownError):
        await running


async def test_a_server_that_is_not_there_is_said_at_the_start() -> None:
    with pytest.raises(UnavailableError) as refused:
        await open_pool("postgresql://nobody@127.0.0.1:1/none", timeout_seconds=1)
    assert refused.value.code == "database_unavailable"
