"""Receiving webhooks: before the answer the raw event is stored, many in one commit; what it says is applied next.

Each commit leaves a row that names what it holds for us. It goes when that is applied, so whoever dies between the two
leaves the sweep enough to go on with. Duplicates are harmless (facts merge by rank), unknown kinds are stored.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

import psycopg

from anclora.inbound.apply import Applier
from anclora.inbound.drift import DriftWatch
from anclora.inbound.listen import Ear
from anclora.inbound.metrics import EVENTS
from anclora.inbound.model import Delivery, Stored, deliver, deliver_shared
from anclora.kit.batcher import Batcher, commit_or_bisect
from anclora.kit.errors import SetupError
from anclora.providers.contract import SharesWebhooks
from anclora.providers.registry import Providers
from anclora.storage.database import Database, text_list
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_POISON = (psycopg.DataError, psycopg.IntegrityError)
_LINGER_SECONDS = 0.005  # a webhook has time, and a commit of ten costs hardly more than a commit of one
_ENOUGH = 10  # more at once cost Postgres less and keep their senders waiting together, while a core stands idle


class Inbound:
    """The verb, with what it needs.

    Args:
        applier: takes what was stored.
        ear: learns which numbers were heard.
        drift: looks into some of it.
    """

    def __init__(
        self,
        db: Database,
        providers: Providers,
        applier: Applier,
        *,
        ear: Ear | None = None,
        drift: DriftWatch | None = None,
    ) -> None:
        self._db = db
        self._providers = providers
        self._applier = applier
        self._ear = ear
        self._drift = drift
        self._batcher = Batcher(
            self._store_safely, size=500, bound=5_000, linger_seconds=_LINGER_SECONDS, enough=_ENOUGH
        )

    def offer(self, instance: str, provider: str, body: bytes) -> "asyncio.Future[None]":
        """Hand over one webhook; the future is done when it is stored, or says why it is not.

        Raises:
            InvalidError: the body is no JSON of the provider's envelope; nothing is stored.
            UnavailableError: too much is waiting; the sender tries again.
        """
        events = self._providers[provider].parse_webhook(body)
        delivery = deliver(instance, body, events)
        if self._drift is not None:
            self._drift.show(provider, delivery)
        return self._batcher.offer(delivery)

    async def accept(self, instance: str, provider: str, body: bytes) -> None:
        """Store one webhook; returns after the commit.

        Raises:
            InvalidError: as `offer`.
            UnavailableError: as `offer`, or the database is away.
        """
        await self.offer(instance, provider, body)

    async def accept_shared(self, provider: str, body: bytes) -> frozenset[str]:
        """Store one webhook of a provider whose webhooks speak of several numbers; the numbers it spoke of.

        Numbers nobody registered are heard all the same: what is said of them is there when they are.

        Raises:
            InvalidError: the body is no JSON of the provider's envelope; nothing is stored.
            UnavailableError: too much is waiting, or the database is away; the sender tries again.
        """
        source = self._providers[provider]
        if not isinstance(source, SharesWebhooks):
            raise SetupError(f"The provider {provider!r} posts the webhooks of each number to a door of its own.")
        groups = source.split_webhook(body)
        await self._batcher.offer(deliver_shared(provider, body, groups))
        return frozenset(number for number, _ in groups if number)

    async def close(self) -> None:
        """Wait for the commits under way, and apply what they stored."""
        await self._batcher.close()
        await self._applier.flush()

    async def _store_safely(self, batch: Sequence[Delivery]) -> Sequence[Exception | None]:
        return await commit_or_bisect(self._store, batch, _POISON)

    async def _store(self, batch: Sequence[Delivery]) -> Sequence[Exception | None]:
        told = [each for each in batch if each.says_something]
        sizes = [len(each.body) for each in batch]
        rows = await self._db.commit(
            QUERIES["store_events"],
            ids=_list(each.id for each in batch),
            instances=text_list(each.instance for each in batch),
            kinds=text_list(each.kind for each in batch),
            firsts=_list(map(str, accumulate(sizes[:-1], initial=1))),
            bytes=_list(map(str, sizes)),
            bodies=b"".join(each.body for each in batch),
            told=_list(each.id for each in told),
        )
        for stored_id, at in rows:
            self._applier.put(Stored(stored_id, at, [part for each in told for part in each.heard]))
        if self._ear is not None:
            self._ear.heard(each.instance for each in batch)
        for kind, count in Counter(each.kind for each in batch).items():
            EVENTS.labels(kind).inc(count)
        return [None for _ in batch]


def _list(plain: Iterable[str]) -> str:
    """The text of an array of what needs no quotes."""
    return f"{{{','.join(plain)}}}"
