"""Background loops with one owner, one lifecycle and a bounded `run_once`; nothing is swallowed.

A loop that fails logs the error, waits longer each time, and tries again: it never dies silently, and it never spins.
"""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from typing import Protocol

from anclora.kit import reporting
from anclora.kit.backoff import backoff_seconds
from anclora.kit.errors import AncloraError
from anclora.kit.logging import get_logger
from anclora.kit.metrics import counter

log = get_logger(__name__)
ROUNDS = counter(
    "loop_rounds", "Rounds of the loops of this process: done, failed, or not_due since others did it", ("loop", "end")
)

_FAILURE_CAP_SECONDS = 15.0
_CHECK_IN_SECONDS = 300.0


class Turn(Protocol):
    """Whose turn a loop's work is, among several processes: `anclora.storage.turns.LedgerTurn`."""

    async def take(self) -> float:
        """Take the turn. 0.0 = it is ours; otherwise in how many seconds to look again."""
        ...

    async def end(self, *, more: bool) -> None:
        """Say that it is done, or a part of it and we go on."""
        ...


class Loop(ABC):
    """One background activity of a process.

    Attributes:
        name: for logs and metrics.
        every_seconds: pause between two rounds when the last one had nothing more to do.
        round_timeout_seconds: a round longer than this is cancelled and counts as a failure.
        chore: the name whoever collects reports waits for it under; None = nobody does. One that comes round more
            often than every five minutes checks in so often; after a round that failed the next one does too.
        turn: who decides which process does a round; None = each does its own.
    """

    name: str = "loop"
    every_seconds: float = 1.0
    round_timeout_seconds: float = 60.0
    chore: str | None = None
    turn: Turn | None = None

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._nudge = asyncio.Event()
        self.failures = 0
        self._check_in_at = float("-inf")
        self._rest_seconds = 0.0

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
                more = await self._when_due()
                self.failures = 0
            except AncloraError as error:  # a part is away: it is tried again, and nobody has to mend this program
                self._failed()
                log.warning("loop_waits", loop=self.name, failures=self.failures, code=error.code, error=error.detail)
            except Exception:  # a loop outlives any failure of a round, and reports it
                self._failed()
                log.exception("loop_failed", loop=self.name, failures=self.failures)
            if not more:
                await self._pause()

    async def _when_due(self) -> bool:
        """A round, if it is our turn; whether there is more to do at once."""
        self._rest_seconds = 0.0 if self.turn is None else await self.turn.take()
        if self._rest_seconds:
            ROUNDS.labels(self.name, "not_due").inc()
            return False
        with self._checked_in():
            async with asyncio.timeout(self.round_timeout_seconds):
                more = await self.run_once()
        if self.turn is not None:
            await self.turn.end(more=more)
        ROUNDS.labels(self.name, "done").inc()
        return more

    def _failed(self) -> None:
        self.failures += 1
        ROUNDS.labels(self.name, "failed").inc()

    @contextlib.contextmanager
    def _checked_in(self) -> Generator[None, None, None]:
        """Report a round, when it is time to."""
        now, often = time.monotonic(), self.every_seconds < _CHECK_IN_SECONDS
        due = now >= self._check_in_at
        next_at = (now + _CHECK_IN_SECONDS * often) if due else self._check_in_at
        self._check_in_at = float("-inf")
        with reporting.chore(self.chore if due else None, max(self.every_seconds, _CHECK_IN_SECONDS), time.monotonic):
            yield
        self._check_in_at = next_at

    async def _pause(self) -> None:
        wait = self._rest_seconds or self.every_seconds
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
