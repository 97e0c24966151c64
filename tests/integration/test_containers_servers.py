"""What compose gives Postgres and Redis does what the product asks of them, on real servers."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnectionError

from anclora.backups.programs import find_program
from anclora.backups.swap import with_database
from anclora.cli.home import free_port
from anclora.health.redis import redis_view
from anclora.health.rules import judge_storage
from anclora.storage.embedded import redis as embedded
from anclora.supervise import Child, family
from tests import compose

SERVICES: dict[str, Any] = compose.filled(compose.secrets())["services"]
DRAWN = {"dashboard_messages", "conversations", "conversions", "conversion_kinds", "conversion_rates", "currencies"}
ROLES = ("evolution", "anclora_reader", "anclora_monitor")


def test_postgres_knows_each_of_its_settings_and_takes_their_values(database_url: str) -> None:
    said = dict(word[2:].split("=") for word in SERVICES["postgres"]["command"][1:])
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select name, vartype, enumvals, min_val, max_val from pg_settings where name = any(%s)", [list(said)]
        ).fetchall()
    assert {row[0] for row in rows} == set(said)
    for name, kind, choices, least, most in rows:
        value = said[name]
        assert kind != "bool" or value in ("on", "off")
        assert choices is None or value in choices
        assert kind != "integer" or int(least) <= int(value) <= int(most)


@contextmanager
def databases(url: str) -> Generator[None, None, None]:
    """The databases and roles of compose in a server of the tests, and none left behind."""
    parts = urlsplit(url)
    environment = {
        **os.environ,
        "PGHOST": str(parts.hostname),
        "PGPORT": str(parts.port),
        "PGUSER": str(parts.username),
        "PGPASSWORD": str(parts.password),
        "PGDATABASE": parts.path[1:],
    }
    environment |= {name: value for name, value in compose.secrets().items() if name not in environment}
    _, *words = [word.replace("/databases.sql", f"{compose.ROOT}/deploy/compose/databases.sql")
                 for word in SERVICES["roles"]["command"]]  # fmt: skip
    psql = find_program("psql", server_major=18)
    try:
        for _ in range(2):
            done = subprocess.run(
                [psql, *words], env=environment, capture_output=True, text=True, timeout=30, check=False
            )
            assert (done.returncode, "ERROR" in done.stderr) == (0, False), done.stderr
        yield
    finally:
        with psycopg.connect(url, autocommit=True) as admin:
            if admin.execute("select from pg_database where datname = 'evolution'").fetchone():
                # To drop it costs a checkpoint of the databases of all tests: it goes with the folder of the servers.
                with psycopg.connect(with_database(url, "evolution"), autocommit=True) as own:
                    own.execute("drop owned by evolution")
                admin.execute("alter database evolution owner to current_user")
                admin.execute(sql.SQL("alter database evolution rename to {}").format(sql.Identifier(uuid4().hex)))
            for role in ROLES:
                if admin.execute("select from pg_roles where rolname = %s", [role]).fetchone():
                    admin.execute(sql.SQL("drop owned by {}").format(sql.Identifier(role)))
                    admin.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def as_role(url: str, role: str, password: str, database: str | None = None) -> psycopg.Connection[Any]:
    parts = urlsplit(url)
    return psycopg.connect(
        host=parts.hostname, port=parts.port, user=role, password=password, dbname=database or parts.path[1:]
    )


def test_grafanas_role_reads_what_is_drawn_and_nothing_else(database_url: str) -> None:
    passwords = compose.secrets()
    with databases(database_url):
        with as_role(database_url, "anclora_reader", passwords["LEDGER_READER_PASSWORD"]) as reader:
            rows = reader.execute(
                "select c.relname, has_table_privilege(c.oid, 'select'),"
                " has_table_privilege(c.oid, 'insert, update, delete, truncate')"
                " from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')"
            ).fetchall()
        readable = {name for name, reads, _ in rows if reads} - {"pg_stat_statements", "pg_stat_statements_info"}
        assert readable == DRAWN
        assert [name for name, _, writes in rows if writes] == []
        with as_role(database_url, "anclora_monitor", passwords["MONITOR_PASSWORD"]) as monitor:
            assert monitor.execute("select pg_has_role('pg_monitor', 'usage')").fetchone() == (True,)


def test_evolution_owns_its_database_and_enters_no_other(database_url: str) -> None:
    password = compose.secrets()["EVOLUTION_DB_PASSWORD"]
    with databases(database_url):
        with as_role(database_url, "evolution", password, "evolution") as own:
            own.execute("create schema evolution_api")
        refused = ""
        try:
            as_role(database_url, "evolution", password).close()
        except psycopg.OperationalError as error:
            refused = str(error)
        assert "permission denied for database" in refused


async def test_redis_keeps_and_evicts_as_health_demands(tmp_path: Path) -> None:
    port = free_port()
    here = {"/etc/redis.conf": f"{compose.ROOT}/deploy/compose/redis.conf", "/data": str(tmp_path)}
    words = [here.get(word, str(word)) for word in SERVICES["redis"]["command"][1:]]
    argv = [str(embedded.find_program()), *words, "--port", str(port), "--bind", "127.0.0.1"]
    password = SERVICES["redis"]["environment"]["REDISCLI_AUTH"]
    redis = Redis.from_url(f"redis://:{password}@127.0.0.1:{port}/0")

    async def answers() -> bool:
        try:
            return bool(await redis.ping())
        except NoConnectionError:
            return False

    async with family() as children, redis:
        child = Child("redis", argv, dict(os.environ), tmp_path / "redis.log")
        children.append(child)
        await child.start()
        await child.wait_ready(answers, timeout_seconds=15)
        view = redis_view([await redis.info()], slow_entries=None)
    assert judge_storage(view, must_keep=True) == ("healthy", "noeviction, append-only")
    assert view.limit_bytes == 768 * 1024**2
