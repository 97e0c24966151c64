"""What the migrations make is what is written down, and making it twice or by two at once is harmless."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from anclora.storage.embedded import EmbeddedServers
from anclora.storage.migrate import current, migrate, pending
from anclora.storage.schema import FILE, describe


def test_the_written_schema_is_what_the_migrations_make(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        made = describe(connection)
    assert made == FILE.read_text(encoding="utf-8"), "run `python -m anclora.storage.schema --write`"


def test_a_change_of_the_schema_is_seen(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("alter table messages add column surprise text")
        assert "surprise text" in describe(connection)


def test_migrating_again_does_nothing(database_url: str) -> None:
    newest = current(database_url)
    assert newest is not None
    assert (pending(database_url), migrate(database_url), current(database_url)) == ([], [], newest)


def test_of_two_that_start_at_once_one_migrates(servers: EmbeddedServers) -> None:
    with psycopg.connect(servers.database_url, autocommit=True) as admin:
        admin.execute(sql.SQL("create database two_starts"))
        url = servers.database_url.rpartition("/")[0] + "/two_starts"
    assert current(url) is None
    lacking = pending(url)
    with ThreadPoolExecutor(2) as pool:
        applied = sorted(pool.map(migrate, [url, url]))
    assert applied == [[], lacking]
