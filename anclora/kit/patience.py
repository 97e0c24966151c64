"""Waiting for so long and no longer, for whoever must answer in time whatever a server does."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from anclora.kit.logging import get_logger

log = get_logger(__name__)
Value = TypeVar("Value")


class Patience:
    """Gives up on what is late, and owns it until it has ended.

    `asyncio.timeout` waits until what it cancelled has ended, and a client may take seconds for that: psycopg asks the
    server to drop the statement, and a frozen one does not answer. Whatever is waited for needs a time-out of its own.

    Args:
        seconds: for one piece of work.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._late: set[asyncio.Future[Any]] = set()

    async def wait(self, work: Awaitable[Value]) -> Value:
        """What the work answers; `TimeoutError` when it does not in time. Raises what it raises."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=self._seconds)
        finally:
            if not task.done():
                self._late.add(task)
                task.add_done_callback(self._ended)
                task.cancel()
        if task in self._late or task.cancelled():
            raise TimeoutError
        return task.result()

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self._late.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("late_work_failed", error=repr(error)[:200])
