"""A chore is done by one process a period: whoever looks first, and after a lost holder whoever looks next."""

import asyncio

import pytest

from anclora.kit.lifecycle import ROUNDS, Loop, running
from anclora.storage.database import Database
from anclora.storage.turns import LedgerTurn, in_turn
from tests.waiting import eventually

EVERY, LOST = 3_600.0, 60.0


def turn_of(db: Database, about: str = "") -> LedgerTurn:
    return LedgerTurn(db, "sweep", every_seconds=EVERY, lost_seconds=LOST, about=about)


async def pass_seconds(db: Database, seconds: float) -> None:
    query = "update chore_turns set began_at = began_at - make_interval(secs => %(seconds)s)"
    await db.execute(query, seconds=seconds)


async def runs(db: Database) -> int:
    row = await db.fetch_one("select runs from chore_turns where chore = 'sweep'")
    return int(row["runs"]) if row else 0


async def test_of_many_who_look_one_takes_the_turn_and_the_others_know_when_it_is_next(db: Database) -> None:
    turns = [turn_of(db) for _ in range(8)]
    for passed in (0.0, EVERY, 2 * EVERY):
        await pass_seconds(db, passed)
        waits = await asyncio.gather(*(turn.take() for turn in turns))
        assert sorted(waits)[:2] == [0.0, pytest.approx(LOST, abs=5)]  # nobody knows yet that it ends
        await turns[waits.index(0.0)].end(more=False)
        assert [await turn.take() for turn in turns] == [pytest.approx(EVERY, abs=5)] * 8
    assert await runs(db) == 3


async def test_whoever_fails_goes_on_and_whoever_is_lost_is_followed(db: Database) -> None:
    one, other = turn_of(db), turn_of(db)
    assert await one.take() == 0.0
    assert await one.take() == 0.0  # it failed, and tries again: the same turn
    assert await runs(db) == 1
    await pass_seconds(db, LOST)
    assert await other.take() == 0.0
    await one.end(more=False)  # it was only slow, and ends nothing of the other's
    assert await one.take() == pytest.approx(LOST, abs=5)
    await other.end(more=False)
    assert await one.take() == pytest.approx(EVERY, abs=5)
    assert await runs(db) == 2


async def test_a_turn_of_many_parts_is_one(db: Database) -> None:
    one, other = turn_of(db), turn_of(db)
    for _ in range(3):
        assert await one.take() == 0.0
        await pass_seconds(db, LOST - 20)
        await one.end(more=True)
        assert await other.take() > 0.0
    await one.end(more=False)
    assert (await runs(db), await one.take() > 0.0) == (1, True)


async def test_what_is_done_for_something_else_is_due_at_once(db: Database) -> None:
    one, other = turn_of(db, "evolution"), turn_of(db, "cloud,evolution")
    for turn in (one, other):
        assert await turn.take() == 0.0
        await turn.end(more=False)
    assert await other.take() > 0.0


class Sweep(Loop):
    """Notes who swept; the first rounds of a broken one fail."""

    name = "turns_test"
    chore = "sweep"
    every_seconds = EVERY

    def __init__(self, done: list["Sweep"], *, broken: int = 0) -> None:
        super().__init__()
        self._done = done
        self._broken = broken

    async def run_once(self) -> bool:
        if self._broken:
            self._broken -= 1
            raise RuntimeError("broken")
        self._done.append(self)
        return False


def ended(how: str) -> float:
    return ROUNDS.labels("turns_test", how)._value.get()


async def test_loops_in_turn_work_once_and_a_failure_is_tried_again(db: Database) -> None:
    done: list[Sweep] = []
    before = {how: ended(how) for how in ("done", "not_due")}

    async def have_looked() -> bool:
        for loop in loops:
            if loop.failures:
                loop.nudge()  # it would rest for some seconds
        return ended("done") - before["done"] == 1 and ended("not_due") - before["not_due"] >= 3

    loops = [in_turn(db, Sweep(done, broken=1)) for _ in range(4)]
    async with running(loops, stop_timeout_seconds=5):
        await eventually(have_looked)
    assert (len(done), await runs(db)) == (1, 1)


async def test_a_loop_that_has_no_chore_here_does_its_own_rounds(db: Database) -> None:
    class Off(Sweep):
        chore = None

    assert in_turn(db, Off([])).turn is None
