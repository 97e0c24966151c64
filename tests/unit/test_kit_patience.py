"""What is late is given up at once, however long it takes to end; what it says later is heard by its owner alone."""

import asyncio

import pytest

from anclora.kit.patience import Patience


async def test_what_comes_in_time_is_answered_or_raises() -> None:
    async def good() -> int:
        return 7

    async def bad() -> int:
        raise OSError("refused")

    patience = Patience(5.0)
    assert await patience.wait(good()) == 7
    with pytest.raises(OSError, match="refused"):
        await patience.wait(bad())


@pytest.mark.parametrize("ends", [True, False], ids=["it ends in its own time", "it fails in the end"])
async def test_what_is_late_is_not_waited_for(ends: bool) -> None:
    may_end, ended = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await may_end.wait()
            ended.set()
            if ends:
                raise
            raise OSError("still frozen") from None

    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await Patience(0.05).wait(stubborn())
    assert asyncio.get_running_loop().time() - began < 2
    assert not ended.is_set()
    may_end.set()
    await ended.wait()


async def test_who_is_cancelled_while_waiting_leaves_nothing_running() -> None:
    cancelled = asyncio.Event()

    async def long() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    waiting = asyncio.create_task(Patience(60.0).wait(long()))
    await asyncio.wait({waiting}, timeout=0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await cancelled.wait()
