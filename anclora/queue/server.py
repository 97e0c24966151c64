"""The Redis behind the lanes: one server, or a cluster of them, with the few things this room asks of either.

On one server many calls are one pipeline. A cluster has each shard on one of its nodes, so the calls go side by side.
"""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.client import NEVER_DECODE
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from anclora.kit.errors import UnavailableError

_RAW: dict[str, Any] = {NEVER_DECODE: True}  # MessagePack answers are bytes, whatever the client does to others
_CANNOT_SERVE = ("BUSY ", "OOM", "MISCONF", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN")
AWAY = (RedisConnectionError, RedisTimeoutError, RedisClusterException, OSError)


class Server:
    """One Redis or one Redis Cluster.

    Args:
        redis: any client of either; `decode_responses` does not matter.
    """

    def __init__(self, redis: Redis | RedisCluster) -> None:
        self._redis: Any = redis
        self.cluster = isinstance(redis, RedisCluster)

    async def evalsha(self, calls: Sequence[tuple[str, str, bytes]]) -> list[Any]:
        """Run scripts, each (digest, its one key, argument); back come answers and the servers' errors, in order.

        Raises:
            UnavailableError: Redis is away; whether the scripts ran is unknown.
        """
        if self.cluster:
            asked = (self._redis.execute_command("EVALSHA", digest, 1, *rest, **_RAW) for digest, *rest in calls)
            answers = await asyncio.gather(*asked, return_exceptions=True)
            for answer in answers:
                if isinstance(answer, BaseException) and not isinstance(answer, RedisError):
                    raise answer
            return answers
        pipeline = self._redis.pipeline(transaction=False)
        for digest, key, argument in calls:
            pipeline.execute_command("EVALSHA", digest, 1, key, argument, **_RAW)
        try:
            return await pipeline.execute(raise_on_error=False)
        except AWAY as error:
            raise away(error) from error

    async def load(self, text: str) -> None:
        """Give every server the text of a script."""
        await self.ask("SCRIPT LOAD", text)

    async def ask(self, *command: str | float, **options: object) -> Any:
        """One plain command.

        Raises:
            UnavailableError: Redis is away.
        """
        try:
            return await self._redis.execute_command(*command, **options)
        except (RedisError, OSError) as error:
            if not is_away(error):
                raise
            raise away(error) from error

    async def run_id(self) -> str:
        """Which start of which servers this is: changes whenever their memory may have."""
        if not self.cluster:
            return _run_id(await self.ask("INFO", "server"))
        answers = await self.ask("INFO", "server", target_nodes=RedisCluster.PRIMARIES)
        every = sorted(_run_id(answer) for answer in answers.values())
        return sha256(" ".join(every).encode()).hexdigest()[:40]

    async def infos(self) -> list[Mapping[str, Any]]:
        """What each server says of itself."""
        if not self.cluster:
            return [await self.ask("INFO")]
        return list((await self.ask("INFO", target_nodes=RedisCluster.PRIMARIES)).values())

    async def slow_entries(self) -> int | None:
        """How many commands were ever slow: their numbers begin with 0. Nothing but the number is looked at."""
        if not self.cluster:
            newest = [await self.ask("SLOWLOG GET", 1)]
        else:
            newest = list((await self.ask("SLOWLOG GET", 1, target_nodes=RedisCluster.PRIMARIES)).values())
        known = [int(log[0]["id"]) + 1 for log in newest if log]
        return sum(known) if known else None


def away(error: Exception) -> UnavailableError:
    """The one way to say that Redis does not answer."""
    return UnavailableError(f"Redis does not answer: {error}", code="queue_unavailable")


def is_away(error: Exception) -> bool:
    """Whether an answer means that the server cannot serve now: LOADING, BUSY, out of memory or disk, and the like."""
    full = isinstance(error, OutOfMemoryError | ReadOnlyError)
    busy = isinstance(error, ResponseError) and str(error).startswith(_CANNOT_SERVE)
    return full or busy or isinstance(error, AWAY)


def _run_id(raw: Any) -> str:
    if isinstance(raw, Mapping):
        return str(raw["run_id"])
    text = raw.decode() if isinstance(raw, bytes) else str(raw)
    return next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("run_id:"))
