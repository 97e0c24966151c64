"""Group commit: one transaction for many callers, each with a result of their own."""

import asyncio
from collections.abc import Sequence

import pytest

from anclora.kit.batcher import Batcher, commit_or_bisect
from anclora.kit.errors import UnavailableError


class Store:
    """A commit that can be held up, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def commit(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        await self.gate.wait()
        if self.error:
            raise self.error
        return [ValueError("seven") if item == 7 else item * 10 for item in items]


async def test_alone_it_is_committed_at_once_and_in_company_together() -> None:
    store = Store()
    batcher: Batcher[int, int] = Batcher(store.commit, size=3)
    assert await batcher.put(1) == 10
    store.gate.clear()
    waiting = [asyncio.create_task(batcher.put(n)) for n in range(2, 7)]
    for _ in range(3):
        await asyncio.sleep(0)
    store.gate.set()
    assert await asyncio.gather(*waiting) == [20, 30, 40, 50, 60]
    assert [len(batch) for batch in store.batches] == [1, 3, 2]


async def test_one_bad_item_fails_alone() -> None:
    batcher: Batcher[int, int] = Batcher(Store().commit)
    answers = await asyncio.gather(*(batcher.put(n) for n in (6, 7, 8)), return_exceptions=True)
    assert (answers[0], str(answers[1]), answers[2]) == (60, "seven", 80)


async def test_a_failed_commit_reaches_every_caller_and_the_next_ones_go_on() -> None:
    store = Store()
    store.error = UnavailableError("away")
    batcher: Batcher[int, int] = Batcher(store.commit)
    answers = await asyncio.gather(batcher.put(1), batcher.put(2), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["away", "away"]
    store.error = None
    assert await batcher.put(3) == 30


async def test_beyond_its_bound_it_refuses_before_anything_is_stored() -> None:
    store = Store()
    store.gate.clear()
    batcher: Batcher[int, int] = Batcher(store.commit, size=1, bound=2)
    waiting = [asyncio.create_task(batcher.put(n)) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError) as refused:
        await batcher.put(4)
    store.gate.set()
    assert refused.value.code == "overloaded"
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert 4 not in [item for batch in store.batches for item in batch]
    assert answers[:2] == [10, 20]


async def test_a_caller_who_leaves_harms_nobody() -> None:
    store = Store()
    store.gate.clear()
    batcher: Batcher[int, int] = Batcher(store.commit)
    gone, stays = asyncio.create_task(batcher.put(1)), asyncio.create_task(batcher.put(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    store.gate.set()
    assert await stays == 20


async def test_closing_waits_for_what_was_handed_over() -> None:
    store = Store()
    batcher: Batcher[int, int] = Batcher(store.commit)
    waiting = asyncio.create_task(batcher.put(1))
    await asyncio.sleep(0)
    await batcher.close()
    assert waiting.done()
    assert await waiting == 10


@pytest.mark.parametrize("poisoned", [set[int](), {0}, {4, 5}, {7}, set(range(8))], ids=str)
async def test_halving_leaves_only_the_poisoned_items_behind(poisoned: set[int]) -> None:
    stored: list[int] = []

    async def commit(items: Sequence[int]) -> Sequence[int | Exception]:
        if poisoned & set(items):
            raise ValueError("poison")
        stored.extend(items)
        return list(items)

    answers = await commit_or_bisect(commit, range(8), (ValueError,))
    assert [n for n, answer in enumerate(answers) if isinstance(answer, ValueError)] == sorted(poisoned)
    assert stored == [n for n in range(8) if n not in poisoned]


async def test_halving_does_not_hide_what_speaks_of_the_server() -> None:
    async def commit(items: Sequence[int]) -> Sequence[int | Exception]:
        raise UnavailableError(f"away with {len(items)}")

    with pytest.raises(UnavailableError, match="away with 8"):
        await commit_or_bisect(commit, range(8), (ValueError,))


async def test_a_few_wait_a_moment_for_company_and_enough_do_not() -> None:
    store = Store()
    batcher: Batcher[int, int] = Batcher(store.commit, linger_seconds=30.0, enough=3)
    first = [asyncio.create_task(batcher.put(n)) for n in (1, 2)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert store.batches == []
    assert await batcher.put(3) == 30
    assert await asyncio.gather(*first) == [10, 20]
    assert store.batches == [[1, 2, 3]]


async def test_alone_it_waits_no_longer_than_it_should() -> None:
    store = Store()
    batcher: Batcher[int, int] = Batcher(store.commit, linger_seconds=0.001, enough=3)
    assert await batcher.put(1) == 10
    assert await batcher.put(2) == 20
    assert store.batches == [[1], [2]]


async def test_at_the_end_nobody_waits_for_company() -> None:
    store = Store()
    batcher: Batcher[int, int] = Batcher(store.commit, linger_seconds=30.0)
    waiting = batcher.offer(1)
    await batcher.close()
    assert waiting.result() == 10
