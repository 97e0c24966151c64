"""Redis lost, and Redis with a damaged file: the lanes are rebuilt from the ledger while messages wait and go out."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from anclora.cli.drill.scene import Scene, need
from anclora.messages.reconcile import current_epoch

_BEFORE = 0.1
_OUTAGE = 0.02
_SETTLE_SECONDS = 600.0
_GARBLE = b"\0garbled\0"


async def redis_loss(scene: Scene) -> float | None:
    """Kill Redis and remove everything it kept."""
    return await _lose(scene, _wipe, "Redis was killed (SIGKILL) and everything it kept removed")


async def corruption(scene: Scene) -> float | None:
    """Kill Redis and damage the middle of the file it starts from."""
    return await _lose(scene, _garble, "Redis was killed (SIGKILL) and the middle of its file overwritten")


def _wipe(folder: Path) -> None:
    shutil.rmtree(folder)


def _garble(folder: Path) -> None:
    """Longer than one value, so that Redis sees it: damage inside a value looks like another value."""
    files = [*folder.glob("appendonlydir/*.incr.aof"), *folder.glob("appendonly.aof")]
    need(bool(files), "Redis keeps no append-only file.")
    size = files[0].stat().st_size
    with files[0].open("r+b") as file:
        file.seek(size // 3)
        file.write(_GARBLE * max(1, size // (3 * len(_GARBLE))))


async def _lose(scene: Scene, damage: Callable[[Path], None], what: str) -> float | None:
    """Break it in the middle of the work, accept some more meanwhile, start it again; seconds until it is back."""
    stage = scene.stage
    await scene.open()
    spared = max(1, int(scene.total * _OUTAGE))
    scene.note(f"{await scene.accept(scene.total - spared):,} messages were accepted.")
    for number in (1, 2):
        await scene.dispatcher(number)

    async def some_are_out() -> bool:
        return await scene.gone() >= scene.total * _BEFORE

    need(await scene.until(some_are_out, seconds=_SETTLE_SECONDS), "no message went out.")
    epoch, out = await current_epoch(stage.db), await scene.gone()
    began = time.monotonic()
    os.kill(stage.servers.redis_pid, signal.SIGKILL)
    await asyncio.to_thread(damage, stage.data_dir / "redis")
    scene.note(f"{what}; {out:,} had gone out.")
    scene.note(f"{await scene.accept():,} more were accepted while it was away.")
    await asyncio.to_thread(stage.servers.restart_redis)
    scene.note("Redis was started again.")

    async def rebuilt() -> bool:
        return await current_epoch(stage.db) > epoch

    if not await scene.until(rebuilt):
        return None
    out = await scene.gone()
    scene.note(f"The lanes are rebuilt from the ledger; {scene.total - out:,} wait or are under way.")

    async def going() -> bool:
        return await scene.gone() > out or await scene.at_rest()

    if not await scene.until(going):
        return None
    rto = time.monotonic() - began
    scene.note("Messages go out again.")
    return rto
