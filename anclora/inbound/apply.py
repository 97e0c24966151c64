"""Applying what was stored: receipts raise messages, people are heard, numbers say how they are connected.

The short way is this loop, fed from memory right after a commit. It waits a moment for company, since a statement for
five hundred receipts costs little more than one for fifty; receipts alone wait longer, as the next one of the same
message is on its way. An event that cannot be applied is marked with its error, and the rest goes through.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeGuard
from uuid import UUID

import psycopg

from anclora.inbound.hear import hear, voices
from anclora.inbound.metrics import POISONED
from anclora.inbound.model import Delivery, Stored, provider_of
from anclora.instances.account import Said
from anclora.instances.limits import told as limit_events
from anclora.instances.model import state_of
from anclora.kit.batcher import commit_or_bisect
from anclora.kit.errors import UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.messages import late_refusals, receipts
from anclora.providers.contract import (
    AccountEvent,
    ConnectionEvent,
    Event,
    OwnMessageEvent,
    ReceiptEvent,
    SaidDelete,
    SaidEdit,
    TemplateEvent,
)
from anclora.providers.registry import CLOUD
from anclora.storage.database import Database, Statement
from anclora.storage.queries import load_queries
from anclora.templates import told as template_events

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
# Of the data, and of readers that meet what nobody foresaw; a server that is away is neither.
_OF_DATA = (psycopg.DataError, psycopg.IntegrityError)
_OF_READERS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
_BOUND = 20_000
_ROUND = 2_000
_MANY = 2_000
_LINGER_SECONDS = 0.05
_RECEIPTS_LINGER_SECONDS = 0.2  # the next receipt of the same message often comes within that, and then costs nothing

Told = tuple[datetime, Delivery]


class Applied(NamedTuple):
    """What applying did: how much was heard that was new, and the ids of webhooks that could not be applied."""

    heard: int
    failed: frozenset[str]


class Applier(Loop):
    """Owns what this process stored and has not applied."""

    name = "inbound"
    every_seconds = 5.0

    def __init__(self, db: Database, *, keep_groups: bool = False) -> None:
        super().__init__()
        self._db = db
        self._keep_groups = keep_groups
        self._waiting: deque[Stored] = deque()
        self._count = 0
        self._urgent = asyncio.Event()
        self._turn = asyncio.Lock()

    def stop(self) -> None:
        """Ask it to end after its present round, which waits for nobody any more."""
        super().stop()
        self._urgent.set()

    def put(self, stored: Stored) -> None:
        """Hand over what one commit stored; beyond the bound the sweep serves it."""
        if self._count < _BOUND:
            self._waiting.append(stored)
            self._count += len(stored.deliveries)
            if self._count >= _MANY or any(type(event) is not ReceiptEvent for event in _events(stored)):
                self._urgent.set()
            self.nudge()

    async def run_once(self) -> bool:
        """Apply what waits, about `_ROUND` webhooks."""
        if not self._waiting:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RECEIPTS_LINGER_SECONDS - _LINGER_SECONDS):
                await self._urgent.wait()
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
            if not self._waiting and not self.stopping:
                self._urgent.clear()
            if some:
                try:
                    told = [(each.at, delivery) for each in some for delivery in each.deliveries]
                    await apply(self._db, told, keep_groups=self._keep_groups)
                    await self._db.commit(QUERIES["forget_unapplied"], ids=[each.id for each in some])
                except UnavailableError as error:
                    log.warning("webhooks_left_to_the_sweep", error=error.detail, webhooks=size)
        return bool(self._waiting)


async def apply(db: Database, told: Sequence[Told], *, keep_groups: bool = False) -> Applied:
    """Apply webhooks in the order they came; one that cannot be gets its error in the ledger.

    Args:
        db: the ledger.
        told: each with the moment it arrived.
        keep_groups: whether what is said in groups is written down.

    Raises:
        UnavailableError: the ledger is away. Some may be applied: to do it again is harmless.
    """
    heard = 0

    async def all_of(some: Sequence[Told]) -> Sequence[Exception | None]:
        nonlocal heard
        heard += await _commit(db, some, keep_groups=keep_groups)
        return [None for _ in some]

    results = await commit_or_bisect(all_of, told, (*_OF_DATA, *_OF_READERS))
    failed: set[str] = set()
    for (_, delivery), result in zip(told, results, strict=True):
        if result is not None:
            POISONED.inc()
            failed.add(delivery.id)
            error = type(result).__name__
            log.error("webhook_poisoned", instance=delivery.instance, kind=delivery.kind, id=delivery.id, error=error)
            await db.commit(QUERIES["mark_event"], id=delivery.id, error=error)
    return Applied(heard, frozenset(failed))


async def _commit(db: Database, told: Sequence[Told], *, keep_groups: bool) -> int:
    facts: receipts.Facts = {}
    for at, delivery in told:
        events = [each for each in delivery.events if isinstance(each, ReceiptEvent) or _is_message_of_ours(each)]
        receipts.gather([(delivery.instance, event) for event in events], at, facts)
    statements = [*_of_numbers(told), *_of_accounts(told)]
    if facts:
        await _merge(db, facts, told[-1][0], beside=[*statements, *_of_late_refusals(told)])
    else:
        await db.commit_each(statements)
    people = voices(((d.instance, d.id, d.events) for _, d in told), keep_groups=keep_groups)
    return await hear(db, *people)


async def _merge(db: Database, facts: receipts.Facts, at: datetime, *, beside: Sequence[Statement]) -> None:
    """Into messages: most by the statement that only raises them, what it leaves by the one that knows every case."""
    some = receipts.quick(facts)
    rows = await db.commit_each([*([receipts.raising(some, at)] if some else []), *beside])
    rest = receipts.left(facts, some, rows[0]) if some else facts
    if not rest:
        return
    [raised] = await db.commit_each([receipts.statement(rest, at)])
    if (old := receipts.outside(rest, raised)) is not None:
        raised += (await db.commit_each([old]))[0]
    receipts.count(rest, raised, at)


def _events(stored: Stored) -> Iterator[Event]:
    return (event for delivery in stored.deliveries for event in delivery.events)


def _is_message_of_ours(event: Event) -> TypeGuard[OwnMessageEvent]:
    """Whether a receipt may ever speak of it: an edit or a deletion has none of its own."""
    return isinstance(event, OwnMessageEvent) and not isinstance(event.said, SaidEdit | SaidDelete)


def _of_late_refusals(told: Sequence[Told]) -> list[Statement]:
    """What rests because a status says that a limit was met."""
    return late_refusals.resting(
        [
            (delivery.instance, at, event)
            for at, delivery in told
            for event in delivery.events
            if isinstance(event, ReceiptEvent) and event.refusal is not None
        ]
    )


def _of_accounts(told: Sequence[Told]) -> list[Statement]:
    """What Meta said of its templates and of what our numbers may do; both are the account's, or name a number."""
    templates: dict[str, list[TemplateEvent]] = {}
    limits: list[Said] = []
    for _, delivery in told:
        for event in delivery.events:
            if isinstance(event, TemplateEvent | AccountEvent):
                provider = provider_of(delivery.instance) or CLOUD
                if isinstance(event, TemplateEvent):
                    templates.setdefault(provider, []).append(event)
                else:
                    limits.append(Said(provider, delivery.instance, UUID(delivery.id), event))
    found = [statement for provider, events in templates.items() for statement in template_events(provider, events)]
    return [*found, *limit_events(limits)]


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
