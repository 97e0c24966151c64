"""A new data directory whose Postgres is recovered from copied files and its log, to an instant, by Postgres itself.

While that runs nobody can reach it but through a socket in a folder of its own, and it answers nobody before the
instant is reached. What does not get there is removed; only a recovered one takes its place.
"""

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql

from anclora.kit.errors import SetupError
from anclora.storage.embedded import discard_embedded
from anclora.storage.embedded.home import Home, find_home
from anclora.storage.embedded.places import lock, made, secret
from anclora.storage.embedded.postgres import USER
from anclora.storage.embedded.process import end_process, last_lines, spawn

_PAUSE_SECONDS = 0.05
_SHORT = "/tmp"  # noqa: S108 - a folder with a random name is made in it # nosec B108
_SOCKET_HOME_BYTES = 60  # leaves room for the folder's name and the socket's
_HBA = "host all all 127.0.0.1/32 scram-sha-256\nhost replication all 127.0.0.1/32 scram-sha-256\n"
_TRUST = "local all all trust\n"
_ENDED_EARLY = "recovery ended before configured recovery target was reached"


class NotRecoveredError(SetupError):
    """Postgres did not get there; `ended_early` = the log ended before the instant."""

    def __init__(self, words: str, *, ended_early: bool) -> None:
        super().__init__(words)
        self.ended_early = ended_early


def recover_embedded(
    data_dir: Path, fill: Callable[[Path], None], *, instant: datetime, database: str, timeout_seconds: float
) -> None:
    """Make a data directory. Blocks, bounded.

    Args:
        data_dir: must not be there yet.
        fill: puts a base backup into a folder, and its log into `pg_wal` in there.
        instant: what was committed after it is left out.
        database: the ledger's name in there; it becomes ours.
        timeout_seconds: for the recovery.

    Raises:
        SetupError: the directory is there, or this machine lacks something.
        NotRecoveredError: Postgres did not get there; nothing is left behind.
    """
    if data_dir.exists():
        raise SetupError(f"{data_dir} is there already. A recovery goes into a new data directory: name another.")
    whole = False
    try:
        with ExitStack() as held:
            data_dir = made(data_dir)
            lock(data_dir, held)
            home = find_home(data_dir)
            half = home.folder / "postgres.new"
            half.mkdir(mode=0o700)
            fill(half)
            _prepare(half, home)
            _run(half, home, data_dir, instant, database, timeout_seconds)
            half.rename(home.folder / "postgres")
            whole = True
    except OSError as error:
        raise SetupError(f"The recovery cannot use {data_dir}: {error}") from error
    finally:
        if not whole and data_dir.exists():
            discard_embedded(data_dir)


def _prepare(half: Path, home: Home) -> None:
    """What Postgres has to find; who may enter it is decided here and not by the server it comes from."""
    (half / "recovery.signal").touch()
    (half / "pg_hba.conf").write_text(_HBA)
    for name in ("postgresql.conf", "pg_ident.conf", "postgresql.auto.conf"):
        (half / name).touch()
    if home.account:
        for folder, _, names in os.walk(half):
            for path in (folder, *(os.path.join(folder, name) for name in names)):  # noqa: PTH118 - many thousands
                os.chown(path, home.account.uid, home.account.gid)


def _run(half: Path, home: Home, data_dir: Path, instant: datetime, database: str, timeout_seconds: float) -> None:
    log_path = data_dir / "recovery.log"
    with tempfile.TemporaryDirectory(prefix="anclora-socket-", dir=_socket_home()) as socket:
        hba = Path(socket) / "pg_hba.conf"
        hba.write_text(_TRUST)
        if home.account:
            for path in (socket, hba):
                os.chown(path, home.account.uid, home.account.gid)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": socket,
            "unix_socket_permissions": "0700",
            "hba_file": str(hba),
            "hot_standby": "off",
            "restore_command": "false",  # the log lies in pg_wal already
            "recovery_target_time": instant.isoformat(),
            "recovery_target_timeline": "current",
            "recovery_target_action": "promote",
            "archive_mode": "off",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        argv = [str(home.programs / "postgres"), "-D", str(half), *options]
        process = spawn(argv, log_path=log_path, end_signal=signal.SIGINT, account=home.account)
        try:
            _wait(socket, process.poll, log_path, timeout_seconds)
            _take_over(socket, secret(data_dir / "postgres.password"), database)
        finally:
            end_process(process, signal.SIGINT, 60.0)


def _socket_home() -> str:
    """Where the folder of the socket lies: the address of a socket may have 107 bytes, which deep folders exceed."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= _SOCKET_HOME_BYTES else _SHORT


def _wait(socket: str, ended: Callable[[], int | None], log_path: Path, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while ended() is None:
        with contextlib.suppress(psycopg.OperationalError), _connected(socket, "template1"):
            return
        if time.monotonic() > deadline:
            raise NotRecoveredError(f"It took longer than {timeout_seconds:.0f} s.", ended_early=False)
        time.sleep(_PAUSE_SECONDS)
    words = last_lines(log_path, 40)
    raise NotRecoveredError(f"Postgres ended: {words[-600:]}", ended_early=_ENDED_EARLY in words)


def _take_over(socket: str, password: str, database: str) -> None:
    """Make it one of our private ones: our role, our password, the ledger under our name."""
    with _connected(socket, "template1") as conn:
        roles = conn.execute("select 1 from pg_roles where rolname = %s", [USER]).fetchone()
        verb = sql.SQL("alter" if roles else "create")
        words = sql.SQL("{} role {} login superuser password {}")
        conn.execute(words.format(verb, sql.Identifier(USER), sql.Literal(password)))
        if database != USER:
            for old, new in ((USER, f"{USER}_of_before"), (database, USER)):
                if conn.execute("select 1 from pg_database where datname = %s", [old]).fetchone():
                    rename = sql.SQL("alter database {} rename to {}")
                    conn.execute(rename.format(sql.Identifier(old), sql.Identifier(new)))


def _connected(socket: str, database: str) -> psycopg.Connection:
    """A connection as whoever may do everything: on a server like ours that is our role, elsewhere `postgres`."""
    try:
        return _as(socket, database, "postgres")
    except psycopg.OperationalError:
        return _as(socket, database, USER)


def _as(socket: str, database: str, role: str) -> psycopg.Connection:
    return psycopg.connect(host=socket, dbname=database, user=role, autocommit=True, connect_timeout=5)
