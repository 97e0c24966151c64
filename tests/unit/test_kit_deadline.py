"""A time limit of hot paths behaves as `asyncio.timeout` does."""

import asyncio

import pytest

from anclora.kit.deadline import Deadline

LONG, SHORT = 30.0, 0.001


async def test_in_time_nothing_happens() -> None:
    with Deadline(LONG):
        await asyncio.sleep(0)


async def test_too_long_is_a_time_out_and_the_task_goes_on() -> None:
    with pytest.raises(TimeoutError), Deadline(SHORT):
        await asyncio.Event().wait()
    await asyncio.sleep(0)  # a cancellation left over would end this


async def test_a_failure_inside_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), Deadline(LONG):
        raise ZeroDivisionError


async def test_a_cancellation_by_somebody_else_stays_one() -> None:
    async def waiting() -> None:
        with Deadline(LONG):
            await asyncio.Event().wait()

    task = asyncio.create_task(waiting())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_somebody_elses_cancellation_wins_over_the_time_that_was_over() -> None:
    async def waiting() -> None:
        with Deadline(SHORT):
            try:
                await asyncio.Event().wait()
            finally:
                asyncio.current_task().cancel()  # pyright: ignore[reportOptionalMemberAccess]

    task = asyncio.create_task(waiting())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_inner_one_ends_the_inner_work_only() -> None:
    with Deadline(LONG):
        with pytest.raises(TimeoutError), Deadline(SHORT):
            await asyncio.Event().wait()
        await asyncio.sleep(0)


def test_outside_a_task_there_is_nothing_to_end() -> None:
    loop = asyncio.new_event_loop()
    failures: list[BaseException] = []

    def enter() -> None:
        try:
            Deadline(LONG).__enter__()
        except RuntimeError as error:
            failures.append(error)

    loop.call_soon(enter)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert [str(error) for error in failures] == ["a deadline needs a task it can end"]
