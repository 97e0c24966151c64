"""Receiving webhooks: before the answer the raw event is stored and what it says is applied, many at once.

The two are commits of their own, side by side: one statement each is a third of the cost of a transaction around both.
Whoever dies between them has not answered, and the sender repeats. Duplicates are harmless (facts merge by rank),
unknown kinds are stored, and an event that cannot be applied is stored with its error while the rest goes through.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import psycopg

from anclora.kit.batcher import Batcher, commit_or_bisect
from anclora.kit.clock import Clock
from anclora.kit.ids import new_id
from anclora.kit.logging import get_logger
from anclora.kit.metrics import counter
from anclora.messages import receipts
from anclora.providers.contract import ConnectionEvent, Event, InboundEvent, OtherEvent, OwnMessageEvent, ReceiptEvent
from anclora.providers.registry import Providers
from anclora.storage.database import Database, Statement
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
EVENTS = counter("inbound_events", "Webhooks stored, by kind", ("kind",))
POISONED = counter("inbound_poisoned", "Webhooks stored but not applied")
_POISON = (psycopg.DataError, psycopg.IntegrityError)
_STATES = {"open": "open", "connecting": "connecting", "close": "close", "refused": "close"}
_LOGGED_OUT = 401
_LINGER_SECONDS = 0.003  # a webhook has time, and a commit of five costs hardly more than a commit of one
_encode = msgspec.json.Encoder().encode


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook: the raw body and what was read from it."""

    id: UUID
    instance: str
    kind: str
    body: bytes
    events: Sequence[Event]


class Inbound:
    """The verb, with what it needs."""

    def __init__(self, db: Database, providers: Providers, clock: Clock) -> None:
        self._db = db
        self._providers = providers
        self._clock = clock
        self._batcher = Batcher(self._commit_safely, size=500, bound=5_000, linger_seconds=_LINGER_SECONDS)

    async def accept(self, instance: str, provider: str, body: bytes) -> None:
        """Store and apply one webhook; returns after the commit.

        Raises:
            InvalidError: the body is no JSON of the provider's envelope; nothing was stored.
            UnavailableError: the database is away or too much is waiting; the sender tries again.
        """
        events = self._providers[provider].parse_webhook(body)
        delivery = Delivery(id=new_id(), instance=instance, kind=_kind(events), body=body, events=events)
        await self._batcher.put(delivery)

    async def close(self) -> None:
        """Wait for the commits under way."""
        await self._batcher.close()

    async def _commit_safely(self, batch: Sequence[Delivery]) -> Sequence[Exception | None]:
        results = await commit_or_bisect(self._commit, batch, _POISON)
        for delivery, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                await self._set_aside(delivery, result)
            EVENTS.labels(delivery.kind).inc()
        return [None for _ in batch]

    async def _commit(self, batch: Sequence[Delivery]) -> Sequence[Exception | None]:
        pairs = [(delivery.instance, event) for delivery in batch for event in delivery.events]
        told = [(name, event) for name, event in pairs if isinstance(event, ReceiptEvent | OwnMessageEvent)]
        now = self._clock.now()
        facts = receipts.gather(told, now)
        statements = [_storing(batch), *_of_people([event for _, event in pairs]), *_of_numbers(pairs)]
        if not facts:
            await self._db.commit_each(statements)
            return [None for _ in batch]
        raised, *_ = await self._db.commit_each([receipts.statement(facts, now), *statements])
        if (rest := receipts.outside(facts, raised)) is not None:
            await self._db.commit_each([rest])
        return [None for _ in batch]

    async def _set_aside(self, delivery: Delivery, error: Exception) -> None:
        POISONED.inc()
        log.error("webhook_poisoned", instance=delivery.instance, kind=delivery.kind, error=type(error).__name__)
        await self._db.commit_each([_storing([delivery], error=type(error).__name__)])


def _storing(batch: Sequence[Delivery], *, error: str | None = None) -> Statement:
    """All of them raw."""
    rows: list[dict[str, object]] = []
    first = 1
    for each in batch:
        size = len(each.body)
        where = {"first": first, "bytes": size}
        rows.append({"id": each.id, "instance": each.instance, "kind": each.kind, "error": error, **where})
        first += size
    return QUERIES["store_events"], {"rows": _encode(rows).decode(), "bodies": b"".join(each.body for each in batch)}


def _of_people(events: Sequence[Event]) -> list[Statement]:
    """When those who wrote to us did so last."""
    heard = sorted((event.at, event.sender) for event in events if isinstance(event, InboundEvent))
    last = {sender: at for at, sender in heard}
    if not last:
        return []
    ids = [new_id() for _ in last]
    return [(QUERIES["touch_contacts"], {"ids": ids, "phones": list(last), "ats": list(last.values())})]


def _of_numbers(pairs: Sequence[tuple[str, Event]]) -> list[Statement]:
    """What the connections of our numbers said of themselves last."""
    states = {name: _state(event) for name, event in pairs if isinstance(event, ConnectionEvent)}
    names = sorted(states)
    return [(QUERIES["set_states"], {"names": names, "states": [states[name] for name in names]})] if names else []


def _state(event: ConnectionEvent) -> str:
    if event.state == "close" and event.reason == _LOGGED_OUT:
        return "logged_out"
    return _STATES.get(event.state, "connecting")


def _kind(events: Sequence[Event]) -> str:
    if not events:
        return "empty"
    first = events[0]
    if isinstance(first, OtherEvent):
        return first.kind[:60].replace("\x00", "")
    return type(first).__name__.removesuffix("Event").lower()
