"""Things to do later, in one heap with one timer."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from anclora.kit.logging import get_logger

log = get_logger(__name__)

_BOUND = 1_000_000


class Agenda:
    """Calls functions when their time has come.

    Attributes:
        dropped: entries refused because the agenda was full.
    """

    def __init__(self, *, bound: int = _BOUND) -> None:
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()
        self._bound = bound
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = float("inf")
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        """Entries still to come."""
        return len(self._heap)

    def after(self, delay_seconds: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call a function later; a full or closed agenda drops and counts it."""
        if self._closed or len(self._heap) >= self._bound:
            self.dropped += 1
            return
        due = self._loop.time() + delay_seconds
        heappush(self._heap, (due, next(self._order), call, arguments))
        if due < self._armed_for:
            self._arm(due)

    def close(self) -> None:
        """Forget everything still to come, as a killed server would."""
        self._closed = True
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = due
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        # While it runs nothing may arm a timer: it arms one itself at the end.
        self._armed_for = float("-inf")
        now = self._loop.time() + 0.001
        while self._heap and self._heap[0][0] <= now:
            _due, _order, call, arguments = heappop(self._heap)
            try:
                call(*arguments)
            except Exception:  # one bad entry must not take the others along
                log.exception("sandbox_agenda_failed")
        self._armed_for = float("inf")
        if self._heap:
            self._arm(self._heap[0][0])
