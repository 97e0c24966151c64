"""Background work has an owner, an end and a voice."""

import asyncio
from collections.abc import Callable

import pytest

from anclora.kit.lifecycle import Loop, Overlap, running
from tests.waiting import eventually


class Counting(Loop):
    """A loop that does what it is told, round by round."""

    name = "counting"
    every_seconds = 60.0

    def __init__(self, *rounds: Callable[[], bool]) -> None:
        super().__init__()
        self.rounds = list(rounds)
        self.done = 0

    async def run_once(self) -> bool:
        self.done += 1
        return self.rounds.pop(0)() if self.rounds else False


def fail() -> bool:
    raise RuntimeError("broken")


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_while_there_is_more_it_goes_on_at_once_then_it_rests_until_nudged() -> None:
    loop = Counting(lambda: True, lambda: True)
    async with running([loop], stop_timeout_seconds=5):
        await turns()
        assert loop.done == 3
        loop.nudge()
        await turns()
        assert loop.done == 4


async def test_a_failed_round_is_told_counted_and_followed_by_another(capsys: pytest.CaptureFixture[str]) -> None:
    loop = Counting(fail, fail)
    async with running([loop], stop_timeout_seconds=5):
        await turns()
        assert (loop.done, loop.failures) == (1, 1)
        loop.nudge()
        await turns()
        assert loop.failures == 2
        loop.nudge()
        await turns()
        assert (loop.done, loop.failures) == (3, 0)
    assert capsys.readouterr().out.count("loop_failed") == 2


async def test_a_round_without_an_end_is_cancelled_and_counts_as_a_failure() -> None:
    class Endless(Loop):
        round_timeout_seconds = 0.01

        async def run_once(self) -> bool:
            await asyncio.Event().wait()
            return False

    async def failed() -> bool:
        return bool(loop.failures)

    loop = Endless()
    async with running([loop], stop_timeout_seconds=5):
        await eventually(failed)
    assert loop.failures == 1


async def test_who_does_not_stop_in_time_is_cancelled_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    class Deaf(Loop):
        name = "deaf"
        cancelled = False

        async def run_once(self) -> bool:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise
            return False

    loop = Deaf()
    async with running([loop], stop_timeout_seconds=0.01):
        await turns()
    assert loop.cancelled
    assert "loop_cancelled" in capsys.readouterr().out


async def test_pieces_overlap_up_to_their_limit_and_what_one_raises_is_raised() -> None:
    gate, under_way = asyncio.Event(), 0

    async def piece() -> None:
        nonlocal under_way
        under_way += 1
        await gate.wait()

    async def broken() -> None:
        raise RuntimeError("broken")

    overlap = Overlap(2)
    await overlap.start(piece())
    await overlap.start(piece())
    third = asyncio.create_task(overlap.start(piece()))
    await turns()
    assert (third.done(), under_way) == (False, 3)
    gate.set()
    await third
    await overlap.join()
    await overlap.start(broken())
    with pytest.raises(RuntimeError, match="broken"):
        await overlap.join()
    await overlap.reap()
