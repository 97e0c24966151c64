"""Waiting without polling: a shard holds at most one token a kind of lane, and whoever waits takes it.

On one server a single blocking pop covers all shards. In a cluster a blocking pop covers one slot, so there is one for
each shard; those that were not answered go on, and the next wait finds them.
"""

import asyncio
from importlib.resources import files
from typing import Any

from anclora.kit.errors import UnavailableError
from anclora.queue import keys
from anclora.queue.server import Server

_COLLECT = (files("anclora.queue") / "lua" / "collect.lua").read_text(encoding="utf-8")


class Hints:
    """The hints of all shards. `close` it at the end: pops that still wait are its own."""

    def __init__(self, server: Server, *, namespace: str, shards: int) -> None:
        self._server = server
        self._namespace = namespace
        self._shards = shards
        self._pops: dict[tuple[int, str], asyncio.Task[Any]] = {}

    async def wait(self, timeout_seconds: float, kind: str) -> list[int]:
        """Shards that have something for a kind of lane; [] when none said so in time.

        Raises:
            UnavailableError: Redis is away.
        """
        names = [keys.wake(self._namespace, shard, kind) for shard in range(self._shards)]
        seconds = round(max(timeout_seconds, 0.01), 3)
        if not self._server.cluster:
            found = await self._server.ask("BLPOP", *names, seconds)
            return [names.index(_text(found[0]))] if found else []
        for shard, name in enumerate(names):
            if (shard, kind) not in self._pops:
                pop = self._server.ask("BLPOP", name, seconds)
                self._pops[shard, kind] = asyncio.create_task(pop, name=f"wait-{name}")
        mine = {task: shard for (shard, its), task in self._pops.items() if its == kind}
        done, _ = await asyncio.wait(mine, timeout=seconds + 1, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del self._pops[mine[task], kind]
        errors = [error for task in done if (error := task.exception())]
        if errors:
            raise errors[0] if isinstance(errors[0], UnavailableError) else UnavailableError(str(errors[0]))
        return [mine[task] for task in done if task.result()]

    async def collect(self, kind: str) -> list[int]:
        """Shards that have something now. In a cluster the pops that wait tell.

        Raises:
            UnavailableError: Redis is away.
        """
        if self._server.cluster:
            return []
        names = [keys.wake(self._namespace, shard, kind) for shard in range(self._shards)]
        return list(await self._server.ask("EVAL", _COLLECT, len(names), *names))

    async def close(self) -> None:
        """End the pops that still wait."""
        for task in self._pops.values():
            task.cancel()
        await asyncio.gather(*self._pops.values(), return_exceptions=True)
        self._pops.clear()


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
