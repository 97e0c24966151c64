"""Servers of a moment: made to load a backup, looked at, and removed with everything in them."""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from redis import Redis

from anclora.backups.errors import FailedError
from anclora.backups.folder import free_bytes
from anclora.backups.model import Print
from anclora.backups.prints import redis_prints
from anclora.kit.errors import SetupError
from anclora.kit.ids import new_id
from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from anclora.storage.embedded.redis import RedisServer, find_program

SNAPSHOT = "dump.rdb"
_TOO_NEW = "RDB format version"
_SPARE = 1.5  # what is unpacked, its indexes being built, and the log of doing so


class _Loader(RedisServer):
    """A private Redis that loads a snapshot, keeps nothing, and is asked nothing but what it holds."""

    def prepare(self) -> list[str]:
        """The same as of the private one, without the append-only file it would read in the place of the snapshot."""
        argv = super().prepare()
        with self._config.open("a") as config:
            config.write(f"appendonly no\ndbfilename {SNAPSHOT}\n")
        return argv


def can_load() -> bool:
    """Whether there is a Redis on this machine to load a snapshot into."""
    try:
        find_program()
    except SetupError:
        return False
    return True


@contextlib.contextmanager
def scratch_folder(spool: Path) -> Generator[Path, None, None]:
    """A folder only its owner sees, removed with the block."""
    folder = spool / f"scratch-{new_id().hex}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def loaded_redis(folder: Path) -> Generator[RedisServer, None, None]:
    """A Redis that has loaded the snapshot in a folder. Blocks, bounded.

    Raises:
        FailedError: it cannot be loaded.
        SetupError: there is no Redis here, or it is older than the one the snapshot was taken from.
    """
    server = _Loader(folder, log_path=folder / "redis.log", password=secrets.token_urlsafe(24), port=0)
    try:
        server.start()
    except SetupError as error:
        if _TOO_NEW in str(error):
            raise SetupError(
                "The Redis on this machine is older than the one that was backed up. Install one as new."
            ) from error
        raise FailedError(f"The snapshot does not load: {str(error)[:400]}") from error
    try:
        yield server
    finally:
        server.stop()


def prints_of_redis(url: str, *, database: int | None = None) -> dict[str, Print]:
    """Fingerprints of every database of a Redis; with `database` of this one only."""
    found: dict[str, Print] = {}
    with Redis.from_url(url, socket_timeout=60.0) as client:
        spaces = [int(name.removeprefix("db")) for name in client.info("keyspace")]
    for number in spaces if database is None else [database]:
        with Redis.from_url(url.rpartition("/")[0] + f"/{number}", socket_timeout=60.0) as client:
            prints = redis_prints(client)
        found |= prints if number == 0 else {f"{name} of database {number}": its for name, its in prints.items()}
    return found or {"keys": Print(rows=0, hash=f"{0:064x}")}


def write_all(pieces: Iterator[bytes], out: BinaryIO) -> None:
    """Write a proved stream into a file."""
    out.writelines(pieces)


@contextlib.asynccontextmanager
async def scratch_servers(spool: Path, *, unpacked_bytes: int, redis: bool) -> AsyncGenerator[EmbeddedServers, None]:
    """An empty Postgres, and a Redis when asked for, removed with the block.

    Raises:
        SetupError: this machine lacks something, or room.
    """
    folder = spool / f"scratch-{new_id().hex}"
    if free_bytes(spool) < unpacked_bytes * _SPARE:
        needed = int(unpacked_bytes * _SPARE) // 1_000_000
        raise SetupError(f"To restore this needs {needed} MB in {spool}. Make room, or set ANCLORA_DATA_DIR elsewhere.")
    servers = await asyncio.to_thread(start_embedded, folder, redis=redis, passing=True)
    try:
        yield servers
    finally:
        await asyncio.to_thread(servers.stop)
        await asyncio.to_thread(discard_embedded, folder)
