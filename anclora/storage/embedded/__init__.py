"""Private real servers, one Postgres and one Redis per data directory; nothing to install, no twins.

They listen on loopback behind passwords in files of mode 0600, keep their data over restarts and crashes, and end with
the process that started them. One process owns a data directory at a time, by a lock on `<data-dir>/lock`.
"""

import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from anclora.kit.errors import SetupError
from anclora.storage.embedded.home import discard_outside, find_home
from anclora.storage.embedded.places import lock, made, secret, write_private
from anclora.storage.embedded.postgres import PostgresServer
from anclora.storage.embedded.redis import RedisServer

__all__ = ["EmbeddedServers", "Urls", "discard_embedded", "running_urls", "start_embedded"]

_STATE = "servers.json"


class Urls(NamedTuple):
    """Where private servers answer; empty = not started."""

    database_url: str
    redis_url: str


class EmbeddedServers:
    """The running servers of one data directory; a context manager that stops them.

    Methods block for a bounded time; from a coroutine call them in a thread.
    """

    def __init__(self, postgres: PostgresServer | None, redis: RedisServer | None, held: ExitStack) -> None:
        self._postgres = postgres
        self._redis = redis
        self._held = held

    @property
    def database_url(self) -> str:
        """The Postgres URL with its password; empty when Postgres was not asked for."""
        return self._postgres.url if self._postgres else ""

    @property
    def redis_url(self) -> str:
        """The Redis URL with its password; empty when Redis was not asked for."""
        return self._redis.url if self._redis else ""

    @property
    def postgres_pid(self) -> int:
        """The process id of Postgres; 0 without one."""
        return self._postgres.pid if self._postgres else 0

    @property
    def redis_pid(self) -> int:
        """The process id of Redis; 0 without one."""
        return self._redis.pid if self._redis else 0

    def restart_postgres(self) -> None:
        """Stop Postgres, if it still runs, and start it on the same port and data."""
        if self._postgres:
            self._postgres.stop()
            self._postgres.start(keep_port=True)

    def restart_redis(self) -> None:
        """Stop Redis, if it still runs, and start it on the same port and data."""
        if self._redis:
            self._redis.stop()
            self._redis.start(keep_port=True)

    def stop(self) -> None:
        """Stop both, orderly, and let go of the data directory. Safe to call twice."""
        self._held.close()

    def __enter__(self) -> Self:
        """Nothing: they run already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def start_embedded(
    data_dir: Path, *, postgres: bool = True, redis: bool = True, passing: bool = False
) -> EmbeddedServers:
    """Start the private servers of a data directory, which is made when there is none. Blocks, bounded.

    Args:
        data_dir: of theirs.
        postgres: whether to start it.
        redis: whether to start it.
        passing: nothing in them is needed once this process is gone: what is left when it is killed, a later start
            removes.

    Raises:
        SetupError: another process runs them, or this machine lacks something; the sentence says what to do.
    """
    try:
        data_dir = made(data_dir)
        with ExitStack() as held:
            lock(data_dir, held)
            ports = {name: urlsplit(url).port or 0 for name, url in _read_state(data_dir)[1]._asdict().items()}
            database = _postgres(data_dir, ports["database_url"], held, passing=passing) if postgres else None
            index = _redis(data_dir, ports["redis_url"]) if redis else None
            for server in (database, index):
                if server:
                    server.clear_leftovers()
                    held.callback(server.stop)
                    server.start()
            urls = Urls(database.url if database else "", index.url if index else "")
            held.callback(_write_state, data_dir, 0, urls)
            _write_state(data_dir, os.getpid(), urls)
            return EmbeddedServers(database, index, held.pop_all())
    except OSError as error:
        raise SetupError(f"The private servers cannot use {data_dir}: {error}") from error


def running_urls(data_dir: Path) -> Urls | None:
    """Where the servers of a data directory answer, when some process runs them."""
    owner, urls = _read_state(data_dir)
    if not owner:
        return None
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return urls
    return urls


def discard_embedded(data_dir: Path) -> None:
    """Remove a data directory and everything in it, for ever; the servers must not run."""
    with ExitStack() as locks:
        lock(data_dir, locks)
        discard_outside(data_dir)
        shutil.rmtree(data_dir)


def _postgres(data_dir: Path, port: int, locks: ExitStack, *, passing: bool) -> PostgresServer:
    home = find_home(data_dir, passing=passing)
    if home.folder != data_dir:
        lock(home.folder, locks)  # a copied data directory points to the same place
    return PostgresServer(
        home, log_path=data_dir / "postgres.log", password=secret(data_dir / "postgres.password"), port=port
    )


def _redis(data_dir: Path, port: int) -> RedisServer:
    return RedisServer(
        data_dir / "redis",
        log_path=data_dir / "redis.log",
        password=secret(data_dir / "redis.password"),
        port=port,
    )


def _write_state(data_dir: Path, owner: int, urls: Urls) -> None:
    write_private(data_dir / _STATE, json.dumps({"pid": owner, **urls._asdict()}))


def _read_state(data_dir: Path) -> tuple[int, Urls]:
    """The owner's process id (0 = stopped) and where the servers answer, or answered last."""
    try:
        state = json.loads((data_dir / _STATE).read_text())
        return int(state["pid"]), Urls(str(state["database_url"]), str(state["redis_url"]))
    except (OSError, ValueError, KeyError):
        return 0, Urls("", "")
