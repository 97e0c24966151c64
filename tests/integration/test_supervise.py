"""Children are watched from their first breath to their end, and none outlives its parent."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from anclora.kit.errors import SetupError
from anclora.supervise import Child, family
from tests.waiting import eventually

READY = "import pathlib,sys,time; pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY
TALKER = "print('one'); print('no such table'); raise SystemExit(3)"
PARENT = """
import asyncio, pathlib, sys
from anclora.supervise import Child
async def main():
    child = Child("c", [sys.executable, "-c", "import time; time.sleep(60)"], {}, pathlib.Path(sys.argv[1]))
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


class Nursery:
    """Makes children, and knows when one has touched its file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[Child] = []

    def child(self, code: str, name: str = "child") -> Child:
        child = Child(
            name, [sys.executable, "-c", code, str(self.folder / name)], dict(os.environ), self.folder / "log"
        )
        self.made.append(child)
        return child

    async def breathes(self, name: str = "child") -> bool:
        return (self.folder / name).exists()


@pytest.fixture
async def nursery(tmp_path: Path) -> AsyncGenerator[Nursery, None]:
    made = Nursery(tmp_path)
    yield made
    for child in made.made:
        await child.kill()


def gone(pid: int) -> bool:
    """Whether a process has ended; one nobody waited for counts as ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


async def test_it_is_ready_when_its_check_says_so(nursery: Nursery) -> None:
    child = nursery.child(READY)
    await child.start()
    await child.wait_ready(nursery.breathes, timeout_seconds=20)
    assert child.pid > 0
    await child.stop(timeout_seconds=20)
    assert child.pid == 0
    assert await child.wait() == -signal.SIGTERM


async def test_one_that_ends_at_once_is_told_with_its_last_words(nursery: Nursery) -> None:
    child = nursery.child(TALKER)
    await child.start()
    with pytest.raises(SetupError, match=r"(?s)child ended at once.*no such table"):
        await child.wait_ready(nursery.breathes, timeout_seconds=20)


async def test_one_that_is_never_ready_is_told_too(nursery: Nursery) -> None:
    async def never() -> bool:
        return False

    child = nursery.child(READY)
    await child.start()
    with pytest.raises(SetupError, match="not ready in time"):
        await child.wait_ready(never, timeout_seconds=0.05)


async def test_one_that_does_not_listen_is_killed_after_the_bound(nursery: Nursery) -> None:
    child = nursery.child(DEAF)
    await child.start()
    await child.wait_ready(nursery.breathes, timeout_seconds=20)
    await child.stop(timeout_seconds=0.05)
    assert await child.wait() == -signal.SIGKILL


async def test_one_that_was_killed_starts_again_under_another_number(nursery: Nursery) -> None:
    child = nursery.child(READY)
    await child.start()
    first = child.pid
    await child.kill()
    assert child.pid == 0
    await child.start()
    assert child.pid not in (0, first)


async def test_a_family_ends_with_its_block_even_when_that_fails(nursery: Nursery) -> None:
    async def live() -> None:
        async with family(stop_timeout_seconds=20) as children:
            for name in ("one", "two"):
                child = nursery.child(READY, name)
                await child.start()
                children.append(child)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await live()
    assert [child.pid for child in nursery.made] == [0, 0]


async def test_a_child_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path / "log"), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(20):
        child = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    async def ended() -> bool:
        return gone(child)

    await eventually(ended)
