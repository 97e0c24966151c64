"""A figure anybody may ask for, worked out at most once a second however many ask."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError

Value = TypeVar("Value")


class Cached(Generic[Value]):
    """One value with an age limit; callers who come while it is being made wait for the same one.

    Args:
        make: works the value out; its failure is shared and remembered like a value.
        seconds: how old it may get.
        timeout_seconds: for one `make`; longer is `UnavailableError`.
    """

    def __init__(
        self, make: Callable[[], Awaitable[Value]], clock: Clock, *, seconds: float, timeout_seconds: float = 5.0
    ) -> None:
        self._make = make
        self._clock = clock
        self._seconds = seconds
        self._timeout_seconds = timeout_seconds
        self._until_seconds = 0.0
        self._task: asyncio.Task[Value] | None = None

    async def get(self) -> Value:
        """The value, at most `seconds` old."""
        if self._task is None or (self._task.done() and self._clock.boot_seconds() >= self._until_seconds):
            self._until_seconds = self._clock.boot_seconds() + self._seconds
            self._task = asyncio.create_task(self._bounded(), name="cached")
        # One caller who hangs up must not take the answer from the others.
        return await asyncio.shield(self._task)

    def forget(self) -> None:
        """Make it anew for whoever asks from now on."""
        self._task = None

    async def _bounded(self) -> Value:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._make()
        except TimeoutError as error:
            raise UnavailableError("The figures take too long now. Ask again shortly.") from error
