"""Group commit: many callers hand over one item each; one of them pays for the transaction of all.

A batch leaves as soon as the previous one is done (or `linger_seconds` later at the most), so an idle system answers at
once and a busy one forms bigger batches by itself.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from anclora.kit.errors import UnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Collects items and commits them together.

    Args:
        commit: takes up to `size` items, returns one result per item in the same order; an exception instance among the
            results is raised to that item's caller alone, a raised one reaches every caller of the batch.
        size: items in one batch.
        bound: items waiting at most; beyond it `put` raises `UnavailableError` before anything is stored.
        linger_seconds: how long the first item of an idle batcher waits for company.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        size: int = 500,
        bound: int = 10_000,
        linger_seconds: float = 0.0,
    ) -> None:
        self._commit = commit
        self._size = size
        self._bound = bound
        self._linger = linger_seconds
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Result:
        """Hand over one item and wait for its own result."""
        if len(self._waiting) >= self._bound:
            raise UnavailableError("Too much is waiting to be stored. Send it again shortly.", code="overloaded")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name="batcher")
        return await future

    async def close(self) -> None:
        """Wait until everything handed over is committed."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        if self._linger:
            await asyncio.sleep(self._linger)
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self._size, len(self._waiting)))]
            try:
                results = await self._commit([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - every caller of the batch gets it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)


async def commit_or_bisect(
    commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
    items: Sequence[Item],
    poison: tuple[type[Exception], ...],
) -> Sequence[Result | Exception]:
    """Commit a batch; when it fails for what is in it, halve it until only the poisoned items fail.

    Args:
        commit: one transaction over the items it is given, all or nothing.
        items: the batch.
        poison: the exceptions that speak of the data and not of the server.
    """
    try:
        return await commit(items)
    except poison as error:
        if len(items) == 1:
            return [error]
        half = len(items) // 2
        first = await commit_or_bisect(commit, items[:half], poison)
        return [*first, *await commit_or_bisect(commit, items[half:], poison)]
