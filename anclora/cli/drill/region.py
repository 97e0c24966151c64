"""Everything is gone but the bucket: a second set of servers is made from it, and what waited goes out once."""

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path

from anclora.backups.postgres import prints_of
from anclora.cli.drill.kept import Bucket, differing, now_of, rows_in_bucket, rows_of_messages, until_going
from anclora.cli.drill.scene import Scene, need
from anclora.storage.embedded.home import discard_outside

_FIRST, _OUT = 0.6, 0.1
_SETTLE_SECONDS = 600.0
_STOP_SECONDS = 120.0
_SPARED = ("bucket", "backup.key", "witness.jsonl", "sandbox.json", "logs", "lock")
_OF_NUMBERS = ("instances", "retries", "pacing", "number_limits")


async def region(scene: Scene) -> float | None:
    """Destroy everything but the bucket and the key, and begin again from these."""
    stage = scene.stage
    bucket = Bucket(scene, "postgres,config")
    await scene.open()
    senders = [await scene.dispatcher(number) for number in (1, 2)]
    scene.note(f"{await scene.accept(int(scene.total * _FIRST)):,} messages were accepted.")

    async def some_are_out() -> bool:
        return await scene.gone() >= scene.total * _OUT

    need(await scene.until(some_are_out, seconds=_SETTLE_SECONDS), "no message went out.")
    # What goes out in the last seconds nobody can know afterwards; so that all can be counted, nothing does.
    for sender in senders:
        await sender.stop(timeout_seconds=_STOP_SECONDS)
    await scene.accept()
    before = await rows_in_bucket(scene, bucket, waiting=True)
    numbers = await _rows_of_numbers(scene)
    out = await scene.gone()
    failed_at, until = await now_of(scene), await bucket.until()
    scene.gap_seconds = round((failed_at - until).total_seconds(), 2) if until else 0.0
    began = time.monotonic()
    await _destroy(scene)
    scene.note(
        f"Every process and server was killed and every file removed but the bucket, {scene.gap_seconds:.1f} s behind; "
        f"{scene.total - out:,} messages waited."
    )
    second = stage.data_dir / "second"
    await stage.run("backup", "restore", "postgres", "--to-time", "latest", "--into", str(second))
    await stage.run("backup", "restore", "config", "--into", str(stage.data_dir / "configuration.json"))
    scene.note("The ledger and the configuration are back from the bucket.")
    await stage.move(second, redis=True)
    if wrong := differing(before, await rows_of_messages(stage.home.env["DATABASE_URL"])):
        scene.wrong.append(f"The rows are not those of before: {wrong}.")
    if await _rows_of_numbers(scene) != numbers:
        scene.wrong.append("The settings of numbers are not those of before.")
    scene.note("Messages and settings of numbers are those of before; the second Redis is empty.")
    return await until_going(scene, began)


async def _rows_of_numbers(scene: Scene) -> dict[str, int]:
    found = await prints_of(scene.stage.home.env["DATABASE_URL"])
    return {name: its.rows for name, its in found.items() if name in _OF_NUMBERS}


async def _destroy(scene: Scene) -> None:
    """As a fire does: nothing is asked, nothing is written down."""
    stage = scene.stage
    for pid in (stage.servers.postgres_pid, stage.servers.redis_pid):
        os.kill(pid, signal.SIGKILL)
    await stage.stop_all(timeout_seconds=0.0)
    await asyncio.to_thread(_remove, stage.data_dir)


def _remove(folder: Path) -> None:
    discard_outside(folder)
    for path in folder.iterdir():
        if path.name in _SPARED:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
