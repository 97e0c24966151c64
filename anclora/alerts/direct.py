"""The way to people that needs no ledger: while Postgres is away, nobody can write a notice down.

Every process that evaluates finds out by itself. Redis, where it answers, lets one of them speak; where it does not,
each speaks, since hearing it twice costs less than not at all.
"""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

from redis.exceptions import RedisError

from anclora.alerts import metrics
from anclora.incidents import Signal
from anclora.kit.clock import Clock
from anclora.kit.logging import get_logger
from anclora.kit.severity import Severity
from anclora.notify import Channels
from anclora.notify.contract import Delivered, Notice, Outgoing

log = get_logger(__name__)
_SEND_SECONDS = 20.0
_SAID_FOR = timedelta(hours=1)
_KEY = "anclora:alerts:told:{key}"


class Says(Protocol):
    """What is asked of Redis: a client."""

    def set(self, name: str, value: str, *, ex: timedelta, nx: bool) -> Awaitable[Any]:
        """Whether the key was new."""
        ...


class DirectWay:
    """Tells every channel that has somebody for what is critical, now, and says honestly when there is none.

    Args:
        channels: to people, by name.
        redis: keeps several processes from saying the same.
        clock: dates the notice.
    """

    def __init__(self, channels: Channels, redis: Says, clock: Clock) -> None:
        self._channels = channels
        self._redis = redis
        self._clock = clock

    async def tell(self, signal: Signal) -> int:
        """Tell people of a signal; how many targets heard it."""
        key = f"{signal.fingerprint}:{signal.starts_at:%Y%m%dT%H%M}:{'over' if signal.ends_at else 'so'}"
        if not await self._first(key):
            return 0
        notice = Notice(
            title=f"{signal.name}: {'over' if signal.ends_at else 'critical'}",
            text=f"{signal.summary}\nSaid without the ledger, which is away: no incident was opened yet.",
            key=f"direct:{key}",
            severity=Severity.CRITICAL,
        )
        to = [(name, target) for name, each in self._channels.items() for target in each.targets(notice.severity)]
        if not to:
            log.error("nobody_to_tell", alert=signal.name, hint="configure Slack or e-mail: nobody hears of this")
            return 0
        return sum(await asyncio.gather(*(self._send(name, target, notice) for name, target in to)))

    async def _first(self, key: str) -> bool:
        try:
            async with asyncio.timeout(2.0):
                return bool(await self._redis.set(_KEY.format(key=key), "1", ex=_SAID_FOR, nx=True))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("redis_away_too", error=repr(error)[:200])
            return True

    async def _send(self, name: str, target: str, notice: Notice) -> int:
        outgoing = Outgoing(
            id=uuid5(NAMESPACE_URL, f"{notice.key}:{target}"), target=target, at=self._clock.now(), notice=notice
        )
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                outcome = await self._channels[name].send(outgoing)
        except TimeoutError:
            log.error("direct_notice_late", channel=name, seconds=_SEND_SECONDS)  # noqa: TRY400 - a sentence
            metrics.DIRECT.labels("unknown").inc()
            return 0
        good = isinstance(outcome, Delivered)
        metrics.DIRECT.labels("delivered" if good else "failed").inc()
        if not good:
            log.error("direct_notice_failed", channel=name, code=outcome.code, text=outcome.text)
        return int(good)
