"""Redis as a source: its snapshot, proved by loading it, and its fingerprints."""

import asyncio
import contextlib
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from anclora.backups.errors import FailedError
from anclora.backups.model import Captured, Print, Step
from anclora.backups.scratch import SNAPSHOT, can_load, loaded_redis, prints_of_redis, scratch_folder
from anclora.backups.seal import Sealer
from anclora.backups.snapshot import snapshot
from anclora.kit.clock import Clock
from anclora.kit.errors import SetupError, UnavailableError
from anclora.kit.logging import get_logger

log = get_logger(__name__)
_LOADED_BYTES = 256_000_000  # larger ones are loaded when they are verified, not each time they are made


async def capture(url: str, sealer: Sealer, step: Step, spool: Path, clock: Clock) -> Captured:
    """The snapshot into a sealer. Where a Redis is at hand it is loaded once, which proves it.

    Raises:
        FailedError: Redis gives none, or it does not load.
        UnavailableError: Redis does not answer.
    """
    version = await _version(url)
    made_at = clock.now()
    prints: dict[str, Print] = {}
    with scratch_folder(spool) as folder:
        keep = await asyncio.to_thread(can_load)
        with (folder / SNAPSHOT).open("xb") as copy:
            async with contextlib.aclosing(snapshot(url)) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(sealer.write, piece)
                    if keep and sealer.plain_bytes <= _LOADED_BYTES:
                        copy.write(piece)
                    step("snapshot", sealer.plain_bytes, None)
        if keep and sealer.plain_bytes <= _LOADED_BYTES:
            step("load it once", sealer.plain_bytes, None)
            prints = await asyncio.to_thread(_prints, folder)
    return Captured(made_at=made_at, server=version, unpacked_bytes=sealer.plain_bytes, prints=prints)


def _prints(folder: Path) -> dict[str, Print]:
    try:
        with loaded_redis(folder) as server:
            return prints_of_redis(server.url)
    except SetupError as error:
        log.warning("snapshot_not_loaded", error=error.detail)
        return {}
    except RedisError as error:
        raise FailedError(f"The snapshot was loaded and cannot be read: {error}") from error


async def _version(url: str) -> str:
    client = Redis.from_url(url, socket_timeout=10.0, socket_connect_timeout=3.0)
    try:
        return str((await client.info("server"))["redis_version"])
    except (RedisError, OSError) as error:
        raise UnavailableError(f"Redis does not answer: {error}", code="queue_unavailable") from error
    finally:
        await client.aclose()
