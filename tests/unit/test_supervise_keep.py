"""A child that ends by itself is started again; one that cannot be helped by that is given up with its last words."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from anclora.kit.errors import AncloraError
from anclora.supervise import Child, keep
from tests.waiting import eventually


def child(folder: Path, program: str) -> Child:
    return Child("short", [sys.executable, "-c", program], dict(os.environ), folder / "short.log")


async def test_one_that_ends_at_every_start_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    hopeless = child(tmp_path, "print('no such table')")
    await hopeless.start()
    with pytest.raises(AncloraError, match="no such table") as raised:
        await keep(hopeless, asyncio.Event())
    assert raised.value.code == "server_ended"
    assert hopeless.log.read_text() == "no such table\n" * 5


async def test_one_that_ended_is_started_again_and_a_stop_leaves_it_to_its_owner(tmp_path: Path) -> None:
    program = "import time; print('here', flush=True); time.sleep(60)"
    alive, stop = child(tmp_path, program), asyncio.Event()
    await alive.start()
    first, keeping = alive.pid, asyncio.create_task(keep(alive, stop))
    await alive.kill()

    async def again() -> bool:
        return alive.pid not in (0, first)

    await eventually(again)
    stop.set()
    await keeping
    assert alive.pid
    await alive.kill()
