"""Migrations: `migrations/versions/NNNN_name.sql`, applied in order by Alembic, one process at a time.

Each has a `NNNN_name.py` beside it that names its predecessor. There is no way back: what was applied is mended by the
next one. They are applied while the version before runs, so a migration that waits for a table gives way at once and
tries again: behind it everybody else would wait, and Postgres ends a deadlock by failing either side.
"""

import contextlib
import time
from collections.abc import Generator
from functools import lru_cache
from itertools import count
from pathlib import Path

import psycopg
from alembic import command, op
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from anclora.kit.backoff import backoff_seconds
from anclora.kit.errors import UnavailableError
from anclora.kit.logging import get_logger

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x616E636C  # "ancl": the advisory lock of every migration run
_LOCK_WAIT = "60s"
_GIVES_WAY = "500ms"  # well below the second after which Postgres looks for a deadlock, and ends whoever finds it
_PATIENCE_SECONDS = 120.0
_PAUSE_BASE_SECONDS, _PAUSE_CAP_SECONDS = 0.2, 2.0

log = get_logger(__name__)


def migrate(url: str) -> list[str]:
    """Apply what is missing; the revisions applied, oldest first.

    Two starts at once are safe: the second waits for the first and then finds nothing to do.

    Raises:
        UnavailableError: the database does not answer, somebody else has been migrating for a minute, or somebody
            holds a table for two; what was applied by then stays.
    """
    with _connected(url) as connection:
        connection.exec_driver_sql(f"SET lock_timeout = '{_LOCK_WAIT}'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
        connection.exec_driver_sql(f"SET lock_timeout = '{_GIVES_WAY}'")
        connection.commit()
        missing = _missing(connection)
        connection.commit()
        _upgrade(connection)
        return missing  # the lock ends with the connection


def _upgrade(connection: Connection) -> None:
    """Apply what is missing; a migration that somebody stands in the way of begins anew when he has gone on."""
    config = _config()
    config.attributes["connection"] = connection
    until = time.monotonic() + _PATIENCE_SECONDS
    for tries in count(1):
        try:
            command.upgrade(config, "head")
            connection.commit()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            connection.rollback()
            if time.monotonic() >= until:
                raise UnavailableError(
                    f"A migration waits for a table somebody holds: {error}. What was applied stays; end the long "
                    "transaction (pg_stat_activity shows it) and migrate again.",
                    code="database_unavailable",
                ) from error
            log.info("migration_gives_way", tries=tries)
            time.sleep(backoff_seconds(tries, base=_PAUSE_BASE_SECONDS, cap=_PAUSE_CAP_SECONDS))
        else:
            return


def current(url: str) -> str | None:
    """The newest revision of a database; None = never migrated."""
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def pending(url: str) -> list[str]:
    """The revisions a database lacks, oldest first."""
    with _connected(url) as connection:
        return _missing(connection)


@lru_cache(maxsize=1)
def revisions() -> tuple[str, ...]:
    """The revisions this program knows, oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


def run_script(module_file: str) -> None:
    """Execute the `.sql` file beside a migration module, in the migration's own transaction."""
    script = Path(module_file).with_suffix(".sql").read_bytes()
    driver = op.get_bind().connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"migrations run on psycopg, not on {type(driver)}")
    # Without parameters the whole script goes in one message, and a % in it is a %.
    driver.execute(script)


def _missing(connection: Connection) -> list[str]:
    now = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.iterate_revisions("heads", now or "base")][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextlib.contextmanager
def _connected(url: str) -> Generator[Connection, None, None]:
    """A connection by libpq's own rules for URLs; SQLAlchemy only lends its interface."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url, connect_timeout=10), poolclass=NullPool
    )
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise UnavailableError(f"The database cannot be migrated: {error.orig}", code="database_unavailable") from error
    finally:
        engine.dispose()
