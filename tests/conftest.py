"""Real servers for every test that needs them: one private Postgres and Redis a session, one database a test."""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from psycopg import sql
from redis.asyncio import Redis

from anclora.kit.logging import CountingHandler
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import EmbeddedServers, start_embedded
from anclora.storage.embedded.home import outside_folder
from anclora.storage.migrate import migrate
from anclora.storage.partitions import ensure_partitions
from tests.queue_harness import assert_no_key_leaks

# Set in a worker of a runner with several, where it would hold every console to that width from its import on.
os.environ.pop("COLUMNS", None)
TEMPLATE = "anclora_template"
_PRIVATE = (
    "DATABASE_URL",
    "REDIS_URL",
    "EVOLUTION_",
    "ANCLORA_",
    "API_KEY",
    "SLACK_",
    "SENTRY_",
    "GITHUB_",
    "OTEL_",
    "PROMETHEUS_",
)

# Nobody's own servers are ever touched: the whole session runs without these.
for _name in [name for name in os.environ if name.startswith(_PRIVATE) and name != "ANCLORA_CONTRACT_DIR"]:
    del os.environ[_name]
os.environ["ANCLORA_ENV_FILE"] = ""

# How long an example takes says something of the machine and nothing of the program.
settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_configure = structlog.configure


def _for_now(**settings: Any) -> None:
    """A command typed inside this process has its own idea of a log; loggers would keep it for every test behind it."""
    settings["cache_logger_on_first_use"] = False
    _configure(**settings)


structlog.configure = _for_now


@pytest.fixture(autouse=True)
def log_as_before() -> Generator[None, None, None]:
    """What a test or a command in it made of the log ends with the test."""
    yield
    root = logging.getLogger()
    if any(isinstance(handler, CountingHandler) for handler in root.handlers):
        root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler, CountingHandler)]
        root.setLevel(logging.WARNING)
        structlog.reset_defaults()


def needs(component: str) -> None:
    """Skip a test whose component is missing; under CI that is a failure."""
    if shutil.which(component) is None:
        _miss(f"{component} is not installed here")


def needs_root(what: str) -> None:
    """The same of the right to do something only root may."""
    if os.geteuid() != 0:
        _miss(f"only root can {what}")


def _miss(sentence: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{sentence}, and CI must have it")
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def servers() -> Generator[EmbeddedServers, None, None]:
    """The private servers of this session."""
    folder = Path(tempfile.mkdtemp(prefix="anclora-tests-"))
    running = start_embedded(folder, passing=True)
    with psycopg.connect(running.database_url, autocommit=True) as admin:
        # What a power cut would cost is asked of other servers; these make a database for every test.
        admin.execute("alter system set fsync = off")
        admin.execute("alter system set full_page_writes = off")
        # With hundreds of databases it would start a worker ten times a second.
        admin.execute("alter system set autovacuum = off")
        admin.execute("select pg_reload_conf()")
    try:
        yield running
    finally:
        os.kill(running.postgres_pid, signal.SIGQUIT)  # at once: nobody needs the checkpoint of an orderly end
        running.stop()
        # Hundreds of databases take longer to remove than the last test may: a process of its own does it.
        outside = outside_folder(folder)
        doomed = [str(folder), *([str(outside)] if outside else [])]
        subprocess.run(["/bin/sh", "-c", 'rm -rf "$@" >/dev/null 2>&1 &', "rm", *doomed], check=True, timeout=30)


def _named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def make_database(servers: EmbeddedServers) -> Generator[Callable[[], str], None, None]:
    """Makes fresh, migrated databases with the partitions of now, one ahead: the next is made while a test runs.

    All go with the folder of the servers, since to drop one costs a checkpoint.
    """
    with psycopg.connect(servers.database_url, autocommit=True) as admin, ThreadPoolExecutor(max_workers=1) as ahead:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
        migrate(_named(servers.database_url, TEMPLATE))
        asyncio.run(_partitions(_named(servers.database_url, TEMPLATE)))

        def copy() -> str:
            name = f"test_{uuid4().hex[:12]}"
            admin.execute(
                sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
            )
            return _named(servers.database_url, name)

        spare = ahead.submit(copy)

        def make() -> str:
            nonlocal spare
            made, spare = spare, ahead.submit(copy)
            return made.result(timeout=60)

        yield make


async def _partitions(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await ensure_partitions(connection, datetime.now(UTC))


@pytest.fixture
def database_url(make_database: Callable[[], str]) -> str:
    """A migrated database of this test's own."""
    return make_database()


@pytest.fixture
def redis_url(servers: EmbeddedServers) -> str:
    """The private Redis."""
    return servers.redis_url


@pytest.fixture
async def db(database_url: str) -> AsyncGenerator[Database, None]:
    """The ledger of this test, with its partitions."""
    database = Database(await open_pool(database_url, max_size=6), await open_pool(database_url, max_size=2, hot=True))
    try:
        async with database.transaction() as connection:
            await ensure_partitions(connection, datetime.now(UTC))
        yield database
    finally:
        await database.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncGenerator[Redis, None]:
    """An empty Redis; no test leaves a key in it that would stay for ever."""
    client = Redis.from_url(redis_url)
    await client.flushall()
    try:
        yield client
        await assert_no_key_leaks(client)
    finally:
        await client.aclose()
