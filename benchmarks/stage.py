"""What the benchmarks of whole processes share: private servers, a sink as provider, our processes, and their CPU.

Core 0 is ours, core 1 everybody else's, unless a figure says otherwise.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from redis import Redis

from anclora.cli.home import free_port, prepare
from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from benchmarks.cpu import cpu_seconds
from benchmarks.dispatch import pin, start_sink

OURS, THEIRS = 0, 1
NUMBERS = 20
SECRET = "bench-secret"  # noqa: S105 - of servers that live for a minute, on loopback
_READY_SECONDS = 30.0


@dataclass
class Stage:
    """Running servers, and the processes started on them.

    Attributes:
        env: of every process of ours.
        key: of the API.
        program: the module whose processes are started.
    """

    folder: Path
    servers: EmbeddedServers
    env: dict[str, str]
    key: str
    program: str = "anclora"
    children: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    _asking: "psycopg.Connection[Any] | None" = None

    def serve(self, *words: str, core: int = OURS, **environment: str) -> "subprocess.Popen[bytes]":
        """One process of the product."""
        argv = ["taskset", "-c", str(core), sys.executable, "-m", self.program, "serve", "--role", *words]
        with (self.folder / "children.log").open("ab") as log:
            child = subprocess.Popen(argv, env={**os.environ, **self.env, **environment}, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def api(self, port: int = 0) -> tuple[str, "subprocess.Popen[bytes]"]:
        """The doors, answering: where, and their process."""
        port = port or free_port()
        child = self.serve("api", "--port", str(port))
        url = f"http://127.0.0.1:{port}"
        until(lambda: _ready(port), _READY_SECONDS)
        return url, child

    def stop(self, *children: "subprocess.Popen[bytes]") -> None:
        """End some of them, orderly."""
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=60)
            self.children.remove(child)

    def ask(self, query: str, *values: object) -> list[Any]:
        """The rows of a question to the ledger, over one connection: a new one costs it more than most questions."""
        if self._asking is None:
            self._asking = psycopg.connect(self.servers.database_url, autocommit=True)
        cursor = self._asking.execute(query, values)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """End the processes, and the connection that asks."""
        self.stop(*list(self.children))
        if self._asking is not None:
            self._asking.close()

    def none_left(self, query: str, seconds: float) -> None:
        """Wait until a question finds no row; asked seldom, since asking costs what is measured."""
        until(lambda: not self.ask(query), seconds, every_seconds=0.25)

    def dispatching(self, count: int) -> None:
        """Wait until so many dispatchers are up; other roles have their heartbeats beside them."""
        query = "select count(*) from workers where role = 'dispatch' and stopped_at is null"
        until(lambda: self.ask(query)[0][0] == count, 2 * _READY_SECONDS)  # several begin on one core

    def clear(self) -> None:
        """Empty the ledger and the lanes; numbers stay."""
        tables = ("messages", "attempts", "provider_messages", "outbox", "workers", "inbound_events", "idempotency")
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        with psycopg.connect(self.servers.database_url, autocommit=True) as conn:
            conn.execute(sql.SQL("truncate {}").format(names))
            conn.execute("update queue_epoch set run_id = ''")
        with Redis.from_url(self.servers.redis_url) as redis:
            redis.flushall()

    def stores_seconds(self) -> float:
        """CPU seconds Postgres and Redis used so far."""
        return sum(cpu_seconds(pid) for pid in (self.servers.postgres_pid, self.servers.redis_pid))


@contextlib.contextmanager
def staged(provider: str | None = None) -> Generator[Stage, None, None]:
    """Servers with a schema, twenty numbers and an API key; without a provider a sink that says 201 to everything."""
    folder = Path(tempfile.mkdtemp(prefix="anclora-bench-"))
    folder.chmod(0o755)
    (folder / "sink").mkdir()
    servers, sink = start_embedded(folder / "data"), free_port()
    nginx = None if provider else start_sink(folder / "sink", sink)
    stage = Stage(folder, servers, {}, "")
    try:
        for pid in (servers.postgres_pid, servers.redis_pid):
            pin(pid, THEIRS)
        stage.key = asyncio.run(prepare(servers.database_url))
        stage.env = {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "EVOLUTION_API_URL": provider or f"http://127.0.0.1:{sink}",
            "EVOLUTION_API_KEY": "bench",
            "ANCLORA_DEFAULT_PACING": "sandbox",
            "ANCLORA_ENV_FILE": "",
            "ANCLORA_LOG_LEVEL": "ERROR",
        }
        stage.ask(
            "insert into instances (name, provider, state, secret)"
            " select 'bench-' || n, 'evolution', 'open', %s from generate_series(0, %s - 1) as n",
            SECRET,
            NUMBERS,
        )
        yield stage
    finally:
        stage.close()
        if nginx is not None:
            nginx.terminate()
            nginx.wait(timeout=10)
        servers.stop()
        discard_embedded(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)


def until(reached: Any, seconds: float, *, every_seconds: float = 0.02) -> None:
    """Wait until something is so.

    Args:
        reached: says whether it is.
        seconds: how long to wait.
        every_seconds: how often it is asked; seldom where the question costs what is measured.

    Raises:
        TimeoutError: it never was.
    """
    ends = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > ends:
            raise TimeoutError(f"not reached within {seconds} s")
        time.sleep(every_seconds)


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False
