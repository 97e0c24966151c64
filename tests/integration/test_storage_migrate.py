"""Migrations beside a version that runs: who holds a table goes on, and the migration comes behind him."""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from psycopg import Connection, sql

from anclora.cli.migrate import migrate as typed
from anclora.kit.errors import UnavailableError
from anclora.kit.ids import new_id
from anclora.storage import migrate as migrations
from anclora.storage.embedded import EmbeddedServers
from anclora.storage.partitions import SPANS

# 0012 takes the contacts first, then the webhooks that came in.
BEFORE, FIRST, SECOND = "0011_numbers", "contacts", "inbound_events"


@pytest.fixture
def empty(servers: EmbeddedServers) -> str:
    """A database nobody has migrated yet."""
    name = f"migrate_{new_id().hex}"
    with psycopg.connect(servers.database_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return f"{servers.database_url.rpartition('/')[0]}/{name}"


@pytest.fixture
def url(empty: str) -> str:
    """A database as 0011 left it."""
    with migrations._connected(empty) as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        connection.commit()
    return empty


def holding(url: str, table: str) -> Connection:
    """A transaction that has just written to a table, as that of a request."""
    held = psycopg.connect(url)
    held.execute(sql.SQL("lock table {} in row exclusive mode").format(sql.Identifier(table)))
    return held


def wait_until(watch: Connection, question: str) -> None:
    """Look until Postgres says yes; the time-out of the test bounds it."""
    while True:
        row = watch.execute(question).fetchone()  # pyright: ignore[reportArgumentType, reportCallIssue]
        if row and row[0]:
            return


WAITS = """
select exists (
    select from pg_locks join pg_database d on d.oid = database where not granted and d.datname = current_database())
"""


@contextmanager
def waiting_for(url: str, table: str) -> Generator[tuple[Connection, Connection, Future[list[str]]], None, None]:
    """A migration that waits for who holds a table: that one, another who looks on, and its end."""
    with (
        holding(url, table) as held,
        psycopg.connect(url, autocommit=True) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        done = pool.submit(migrations.migrate, url)
        wait_until(other, WAITS)
        yield held, other, done


@pytest.mark.timeout(60)
def test_of_a_request_and_a_migration_that_wait_for_each_other_the_request_goes_on(url: str) -> None:
    with waiting_for(url, SECOND) as (request, _, done):
        request.execute("select from contacts")
        request.commit()
        assert done.result(timeout=40)[0] == "0012_heard"
    assert migrations.pending(url) == []


@pytest.mark.timeout(60)
def test_nobody_queues_for_long_behind_a_migration_that_waits(url: str) -> None:
    with waiting_for(url, FIRST) as (held, other, done):
        other.execute("set lock_timeout = '5s'")
        other.execute("select from contacts")  # behind the migration, until that gives way
        assert not done.done()
        held.commit()
        assert done.result(timeout=40)[0] == "0012_heard"


@pytest.mark.timeout(60)
def test_a_table_that_is_held_for_ever_is_said_so_and_what_was_applied_stays(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_PATIENCE_SECONDS", 0.0)
    with holding(url, FIRST), pytest.raises(UnavailableError, match="pg_stat_activity") as raised:
        migrations.migrate(url)
    assert raised.value.code == "database_unavailable"
    assert migrations.current(url) == BEFORE
    assert migrations.migrate(url)[0] == "0012_heard"


def test_the_command_leaves_a_schema_that_can_be_written_to(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty)
    monkeypatch.setenv("ANCLORA_DATA_DIR", str(tmp_path))
    typed()
    with psycopg.connect(empty) as ledger:
        parents = ledger.execute("select distinct inhparent::regclass::text from pg_inherits").fetchall()
    assert {name for (name,) in parents} >= {span.table for span in SPANS}
