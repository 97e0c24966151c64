"""Waiting for something to become true, bounded, without a sleep in a test."""

import asyncio
from collections.abc import Awaitable, Callable

_STEP_SECONDS = 0.02


async def eventually(check: Callable[[], Awaitable[bool]], *, timeout_seconds: float = 45.0) -> None:
    """Ask until the answer is yes; fail when it is not in time."""
    never = asyncio.Event()
    async with asyncio.timeout(timeout_seconds):
        while not await check():
            try:
                async with asyncio.timeout(_STEP_SECONDS):
                    await never.wait()
            except TimeoutError:
                continue
