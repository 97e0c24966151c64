"""What a source is: named questions, each answered by a value with its evidence, or by saying that there is none."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from redis.asyncio import Redis, RedisCluster

from anclora.health import Pulse
from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.settings import Settings
from anclora.notify import Channels
from anclora.providers.registry import Providers
from anclora.queue import Queue
from anclora.reports import Sources
from anclora.storage.database import Database

MOST_FACTS = 10


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured.

    Attributes:
        value: a number, or the word where words are compared.
        facts: what stands behind it, the most telling first; no phone numbers and nobody's words.
    """

    value: float | str
    facts: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What sources look at.

    Attributes:
        sources: who counts for reports what is no message.
        base_url: a running server whose doors and figures are looked at by HTTP; None = nobody named one.
        remote: its health is asked there too, and not in this process.
        commit: what is to be deployed; None = nobody named it.
    """

    db: Database
    redis: Redis | RedisCluster
    queue: Queue
    book: InstanceBook
    providers: Providers
    channels: Channels
    sources: Sources
    pulse: Pulse
    settings: Settings
    clock: Clock
    base_url: str | None = None
    remote: bool = False
    commit: str | None = None

    @property
    def now(self) -> datetime:
        """The ledger's moment."""
        return self.clock.now()

    async def fresh_numbers(self) -> None:
        """Read our numbers anew: what was true five seconds ago is not what was measured.

        Raises:
            UnavailableError: the ledger is away.
        """
        await self.book.refresh(newer_than_seconds=self.clock.boot_seconds())


Query = Callable[[Parts], Awaitable[Reading]]
"""Raises `NotConfiguredError` (the sentence names the settings), `NoDataError`, or any `AncloraError`: unknown."""
