"""Applying what was stored: receipts raise messages, people are heard, numbers say how they are connected.

The short way is this loop, fed from memory right after a commit. It waits a moment for company, since a statement for
five hundred receipts costs little more than one for fifty. An event that cannot be applied is marked with its error,
and the rest goes through.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime

import psycopg

from anclora.inbound.metrics import POISONED
from anclora.inbound.model import Delivery, Stored
from anclora.instances.model import state_of
from anclora.kit.batcher import commit_or_bisect
from anclora.kit.errors import UnavailableError
from anclora.kit.ids import new_id
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.messages import receipts
from anclora.providers.contract import ConnectionEvent, InboundEvent, OwnMessageEvent, ReceiptEvent
from anclora.storage.database import Database, Statement
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
# Of the data, and of readers that meet what nobody foresaw; a server that is away is neither.
_OF_DATA = (psycopg.DataError, psycopg.IntegrityError)
_OF_READERS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
_BOUND = 20_000
_ROUND = 2_000
_MANY = 500
_LINGER_SECONDS = 0.05

Told = tuple[datetime, Delivery]


class Applier(Loop):
    """Owns what this process stored and has not applied."""

    name = "inbound"
    every_seconds = 5.0

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db
        self._waiting: deque[Stored] = deque()
        self._count = 0
        self._turn = asyncio.Lock()

    def put(self, stored: Stored) -> None:
        """Hand over what one commit stored; beyond the bound the sweep serves it."""
        if self._count < _BOUND:
            self._waiting.append(stored)
            self._count += len(stored.deliveries)
            self.nudge()

    async def run_once(self) -> bool:
        """Apply what waits, about `_ROUND` webhooks."""
        if not self._waiting:
            return False
        if self._count < _MANY and not self.stopping:
            await asyncio.sleep(_LINGER_SECONDS)
        return await self._apply_some()

    async def flush(self) -> None:
        """Apply everything that waits now; what the ledger does not take is the sweep's."""
        while await self._apply_some():
            pass

    async def _apply_some(self) -> bool:
        async with self._turn:
            some: list[Stored] = []
            size = 0
            while self._waiting and size < _ROUND:
                some.append(self._waiting.popleft())
                size += len(some[-1].deliveries)
            self._count -= size
            if some:
                try:
                    await apply(self._db, [(each.at, delivery) for each in some for delivery in each.deliveries])
                    await self._db.commit(QUERIES["forget_unapplied"], ids=[each.id for each in some])
                except UnavailableError as error:
                    log.warning("webhooks_left_to_the_sweep", error=error.detail, webhooks=size)
        return bool(self._waiting)


async def apply(db: Database, told: Sequence[Told]) -> None:
    """Apply webhooks in the order they came; one that cannot be gets its error in the ledger.

    Raises:
        UnavailableError: the ledger is away. Some may be applied: to do it again is harmless.
    """

    async def all_of(some: Sequence[Told]) -> Sequence[Exception | None]:
        await _commit(db, some)
        return [None for _ in some]

    results = await commit_or_bisect(all_of, told, (*_OF_DATA, *_OF_READERS))
    for (_, delivery), result in zip(told, results, strict=True):
        if result is not None:
            POISONED.inc()
            error = type(result).__name__
            log.error("webhook_poisoned", instance=delivery.instance, kind=delivery.kind, id=delivery.id, error=error)
            await db.commit(QUERIES["mark_event"], id=delivery.id, error=error)


async def _commit(db: Database, told: Sequence[Told]) -> None:
    facts: receipts.Facts = {}
    for at, delivery in told:
        events = [each for each in delivery.events if isinstance(each, ReceiptEvent | OwnMessageEvent)]
        receipts.gather([(delivery.instance, event) for event in events], at, facts)
    statements = [*_of_people(told), *_of_numbers(told)]
    if not facts:
        await db.commit_each(statements)
        return
    last = told[-1][0]
    raised, *_ = await db.commit_each([receipts.statement(facts, last), *statements])
    if (rest := receipts.outside(facts, raised)) is not None:
        await db.commit_each([rest])


def _of_people(told: Sequence[Told]) -> list[Statement]:
    """When those who wrote to us did so last."""
    events = [event for _, delivery in told for event in delivery.events if isinstance(event, InboundEvent)]
    heard = sorted((event.at, event.sender) for event in events)
    last = {sender: at for at, sender in heard}
    if not last:
        return []
    ids = [new_id() for _ in last]
    return [(QUERIES["touch_contacts"], {"ids": ids, "phones": list(last), "ats": list(last.values())})]


def _of_numbers(told: Sequence[Told]) -> list[Statement]:
    """What the connections of our numbers said of themselves last."""
    states = {
        delivery.instance: (state_of(event.state, event.reason), at, event.reason)
        for at, delivery in told
        for event in delivery.events
        if isinstance(event, ConnectionEvent)
    }
    names = sorted(states)
    if not names:
        return []
    words, ats, reasons = map(list, zip(*(states[name] for name in names), strict=True))
    return [(QUERIES["set_states"], {"names": names, "states": words, "ats": ats, "reasons": reasons})]
