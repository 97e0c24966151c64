"""Group commit: many callers hand over one item each; one of them pays for the transaction of all.

A batch leaves when the previous one is done and enough have come, or `linger_seconds` later at the most: a busy system
forms big batches by itself, and one that is neither busy nor idle does not pay a whole commit for each item.
"""

import asyncio
import contextlib
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
        linger_seconds: how long a batch waits for company.
        enough: items that wait no longer.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        size: int = 500,
        bound: int = 10_000,
        linger_seconds: float = 0.0,
        enough: int = 16,
    ) -> None:
        self._commit = commit
        self._size = size
        self._bound = bound
        self._linger = linger_seconds
        self._enough = enough
        self._full = asyncio.Event()
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Result:
        """Hand over one item and wait for its own result."""
        return await self.offer(item)

    def offer(self, item: Item) -> "asyncio.Future[Result]":
        """Hand over one item; its own result comes with the future."""
        if len(self._waiting) >= self._bound:
            raise UnavailableError("Too much is waiting to be stored. Send it again shortly.", code="overloaded")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._enough:
            self._full.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name="batcher")
        return future

    async def close(self) -> None:
        """Commit everything handed over now, and wait for it."""
        self._closing = True
        self._full.set()
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])
        self._closing = False

    async def _company(self) -> None:
        self._full.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._linger):
                await self._full.wait()

    async def _drain(self) -> None:
        while self._waiting:
            if self._linger and len(self._waiting) < self._enough and not self._closing:
                await self._company()
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
