"""Background loops with one owner, one lifecycle and a bounded `run_once`; nothing is swallowed.

A loop that fails logs the error, waits longer each time, and tries again: it never dies silently, and it never spins.
"""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Sequence

from anclora.kit import reporting
from anclora.kit.backoff import backoff_seconds
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger

log = get_logger(__name__)

_FAILURE_CAP_SECONDS = 15.0


class Loop(ABC):
    """One background activity of a process.

    Attributes:
        name: for logs and metrics.
        every_seconds: pause between two rounds when the last one had nothing more to do.
        round_timeout_seconds: a round longer than this is cancelled and counts as a failure.
        chore: the name whoever collects reports waits for it under; None = nobody does.
    """

    name: str = "loop"
    every_seconds: float = 1.0
    round_timeout_seconds: float = 60.0
    chore: str | None = None

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._nudge = asyncio.Event()
        self.failures = 0

    @abstractmethod
    async def run_once(self) -> bool:
        """Do one bounded round. True = there is more to do at once."""

    def nudge(self) -> None:
        """End the pause: there is something to do now."""
        self._nudge.set()

    def stop(self) -> None:
        """Ask the loop to end after its present round."""
        self._stop.set()
        self._nudge.set()

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop.is_set()

    async def run(self) -> None:
        """Rounds until `stop`."""
        while not self._stop.is_set():
            more = False
            try:
                with reporting.chore(self.chore, self.every_seconds, time.monotonic):
                    async with asyncio.timeout(self.round_timeout_seconds):
                        more = await self.run_once()
                self.failures = 0
            except AncloraError as error:  # a part is away: it is tried again, and nobody has to mend this program
                self.failures += 1
                log.warning("loop_waits", loop=self.name, failures=self.failures, code=error.code, error=error.detail)
            except Exception:  # a loop outlives any failure of a round, and reports it
                self.failures += 1
                log.exception("loop_failed", loop=self.name, failures=self.failures)
            if not more:
                await self._pause()

    async def _pause(self) -> None:
        wait = self.every_seconds
        if self.failures:
            wait = backoff_seconds(self.failures, base=max(wait, 0.25), cap=_FAILURE_CAP_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._nudge.wait()
        self._nudge.clear()


class Overlap:
    """A few pieces of work side by side, for a loop whose rounds wait more than they compute.

    Args:
        limit: pieces that may go on when `start` returns.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: deque[asyncio.Task[None]] = deque()

    async def start(self, work: Coroutine[None, None, None]) -> None:
        """Begin a piece; wait for the oldest ones while more than the limit are under way. Raises what they raise."""
        self._tasks.append(asyncio.create_task(work))
        while len(self._tasks) > self._limit:
            await self._tasks.popleft()

    async def reap(self) -> None:
        """Look after those that have ended, without waiting. Raises what one of them raises."""
        while self._tasks and self._tasks[0].done():
            await self._tasks.popleft()

    async def join(self) -> None:
        """Wait for all. Raises what one of them raises; the rest can be waited for again."""
        while self._tasks:
            await self._tasks.popleft()


@contextlib.asynccontextmanager
async def running(loops: Sequence[Loop], *, stop_timeout_seconds: float) -> AsyncGenerator[None, None]:
    """Own these loops for the length of a block; stop them in reverse order, bounded, then cancel."""
    tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in loops]
    try:
        yield
    finally:
        for loop in reversed(loops):
            loop.stop()
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=stop_timeout_seconds)
            for task in late:
                log.warning("loop_cancelled", loop=task.get_name())
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
