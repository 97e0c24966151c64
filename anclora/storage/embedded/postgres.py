"""A private Postgres: initialised and run by us from the wheel's programs, never by its start helpers."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from anclora.kit.errors import SetupError
from anclora.storage.embedded.home import Home
from anclora.storage.embedded.process import Server, end_leftover, read_pid

USER = "anclora"
_INIT_SECONDS = 120.0
_MAJOR = "18"


class PostgresServer(Server):
    """Loopback only, scram password, data checksums, every commit on disk."""

    name = "Postgres"
    stop_signal = signal.SIGINT  # a fast shutdown: sessions are ended, everything is written

    def __init__(self, home: Home, *, log_path: Path, password: str, port: int) -> None:
        super().__init__(log_path, port=port, account=home.account)
        self._home = home
        self._password = password
        self._data = home.folder / "postgres"

    @property
    def url(self) -> str:
        """The database URL, with the password."""
        return self._url(USER)

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def clear_leftovers(self) -> None:
        """End the Postgres of an earlier run that was killed, and drop a pid file that names a stranger."""
        pid_file = self._data / "postmaster.pid"
        pid = read_pid(pid_file)
        if pid and not end_leftover(pid, str(self._data), self.stop_signal) and _alive(pid):
            # The number went to another program since. Postgres would take that one for itself and refuse; its guard
            # against two servers on one directory is the shared memory, which stays.
            pid_file.unlink(missing_ok=True)

    def _ensure_data(self) -> None:
        """Make the data directory, whole or not at all."""
        version = self._data / "PG_VERSION"
        if version.exists():
            if (found := version.read_text().strip()) != _MAJOR:
                raise SetupError(
                    f"{self._data} belongs to Postgres {found}, and Postgres {_MAJOR} is installed."
                    f" Dump it with version {found} and restore it into a new data directory."
                )
            return
        half = self._data.with_name("postgres.new")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        password_file = half.with_name("postgres.initial")
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600, exist_ok=False)
        password_file.write_text(self._password)
        if self._account:
            os.chown(half, self._account.uid, self._account.gid)
            os.chown(password_file, self._account.uid, self._account.gid)
        try:
            self._initdb(half, password_file)
        finally:
            password_file.unlink()
        half.rename(self._data)

    def _initdb(self, folder: Path, password_file: Path) -> None:
        argv = [
            str(self._home.programs / "initdb"),
            *("-D", str(folder), "-U", USER, "--pwfile", str(password_file)),
            *("--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C"),
        ]
        uid, gid = self._account or (None, None)
        done = subprocess.run(  # noqa: S603 - a program we ship, with arguments we made
            argv,
            capture_output=True,
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            timeout=_INIT_SECONDS,
            user=uid,
            group=gid,
            extra_groups=None if gid is None else [gid],
        )
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines()
            raise SetupError(f"The database cannot be made in {folder}: {' | '.join(words[-3:])}")

    def prepare(self) -> list[str]:
        """Make the data when there is none; settings are on the command line, the directory stays as initdb made it."""
        self._ensure_data()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_slot_wal_keep_size": "8GB",  # what a log nobody ships any more may take of the disk
            "jit": "off",  # every query here is short: compiling one costs more than it saves
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._home.programs / "postgres"), "-D", str(self._data), *options]

    def ping(self) -> None:
        """Return when it answers and our database is there."""
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=5) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [USER]).fetchone()
                if found is None:
                    connection.execute(f"CREATE DATABASE {USER}")
        except psycopg.OperationalError as error:
            raise ConnectionError(str(error).strip()) from error


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
