"""Waiting for a deployment to end: bounded, and told what is seen on the way."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from anclora.deploy.ecs import Ecs
from anclora.deploy.model import Service
from anclora.kit.clock import Clock

Seen = Callable[[Service], Awaitable[None]]


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait, and how often to look; all in seconds.

    Attributes:
        stable: for a deployment. A task may take 110 s to drain, and several turns are needed.
        window: how long a release is watched.
        look: between two looks.
    """

    stable: float = 1_200.0
    window: float = 900.0
    look: float = 10.0


async def nothing(_: Service) -> None:
    """Whoever wants to see nothing on the way."""


async def until_ended(ecs: Ecs, clock: Clock, waits: Waits, seen: Seen = nothing) -> Service:
    """The service once its deployment is complete or failed, or the time is over: look at it to know which."""
    deadline = clock.boot_seconds() + waits.stable
    while True:
        service = await asyncio.to_thread(ecs.describe)
        await seen(service)
        if service.is_stable or service.primary.state == "FAILED" or clock.boot_seconds() >= deadline:
            return service
        await asyncio.sleep(waits.look)
