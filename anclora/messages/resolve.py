"""Doubt is ended by evidence, never by a guess.

In this order: an answer that was noted before its worker died, our own `send.message` and status events (matched by our
reference where the provider returns it, else by fingerprint), then the provider's look-up. *Proved not sent* means all
of: lease, total time-out and grace have passed since the intent, no matching event is stored, the look-up answers,
shows a control (another message of that number in the window) and no match, and the provider's look-up hides nothing.
Otherwise the message waits, and after the deadline a person decides; an event that comes even later still counts.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from anclora.instances.book import InstanceBook
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, UnavailableError
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics, receipts
from anclora.messages.ended import count_dead
from anclora.messages.evidence import Candidate, Doubt, pick
from anclora.messages.feed import LaneItem, enqueue
from anclora.messages.notes import note
from anclora.messages.told import telling
from anclora.providers.contract import FoundMessage, Provider
from anclora.providers.registry import Providers
from anclora.queue import Queue
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

log = get_logger(__name__)
QUERIES = load_queries(__package__ or __name__)
_ROUND = 100
_WINDOW_BEFORE = timedelta(seconds=120)
_LOOK_UP_EVERY_SECONDS = 10.0
_LOOK_UPS_A_ROUND = 64
_LOOK_UPS_AT_ONCE = 8
_OLDEST: Mapping[str, object] = {"after": datetime.fromtimestamp(0, UTC), "after_id": UUID(int=0)}

_HOW = {
    "answer": "the provider's answer had been noted when its worker stopped: it went out",
    "event": "an event of the number shows that it went out",
    "look_up": "the provider's look-up shows that it went out",
    "absent": "the look-up shows others of that time and not this one: it was not sent, and goes again",
    "resend": "nothing proved it either way in time; its class goes again then, even twice",
    "deadline": "nothing proved it either way in time: a person decides",
}


class Resolver(Loop):
    """Looks for evidence about every message in doubt."""

    name = "resolve"

    def __init__(
        self,
        db: Database,
        queue: Queue,
        providers: Providers,
        book: InstanceBook,
        settings: Settings,
        clock: Clock,
    ) -> None:
        super().__init__()
        self.every_seconds = settings.sweep_every_seconds
        self._db = db
        self._queue = queue
        self._providers = providers
        self._book = book
        self._settings = settings
        self._clock = clock
        self._looked_up_at: dict[UUID, float] = {}
        self._place = _OLDEST
        proof = settings.lease_seconds + settings.connect_timeout_seconds + settings.send_timeout_seconds
        self._proof_after = timedelta(seconds=proof + settings.grace_seconds)

    async def run_once(self) -> bool:
        """One look at the next hundred doubts; after the newest come the oldest again."""
        rows = await self._db.fetch_all(QUERIES["doubtful"], **self._place, limit=_ROUND)
        doubts = [msgspec.convert(row, Doubt) for row in rows]
        more = len(rows) == _ROUND
        self._place = {"after": doubts[-1].unknown_at, "after_id": doubts[-1].id} if more else _OLDEST
        await self._count()
        late = await self._db.fetch_all(QUERIES["late_doubts"], limit=_ROUND)
        given_up = [msgspec.convert(row, Doubt) for row in late]
        ended = [doubt for doubt in (*doubts, *given_up) if await self._by_events(doubt)]
        left = [doubt for doubt in doubts if doubt not in ended and self._may_look_up(doubt)][:_LOOK_UPS_A_ROUND]
        self._looked_up_at |= dict.fromkeys((doubt.id for doubt in left), self._clock.boot_seconds())
        ended += await self._look_up_all(left)
        if ended:
            await self._tell_lanes(ended)
        return more and bool(ended)

    async def _count(self) -> None:
        row = await self._db.fetch_one(QUERIES["count_doubts"]) or {"n": 0, "oldest_seconds": 0.0}
        metrics.UNRESOLVED.set(row["n"])
        metrics.OLDEST_UNKNOWN.set(row["oldest_seconds"])
        horizon = self._clock.boot_seconds() - _LOOK_UP_EVERY_SECONDS
        self._looked_up_at = {doubt: at for doubt, at in self._looked_up_at.items() if at > horizon}

    async def _look_up_all(self, doubts: Sequence[Doubt]) -> list[Doubt]:
        gate = asyncio.Semaphore(_LOOK_UPS_AT_ONCE)

        async def one(doubt: Doubt) -> bool:
            async with gate:
                return await self._by_look_up(doubt)

        answers = await asyncio.gather(*(one(doubt) for doubt in doubts))
        return [doubt for doubt, ended in zip(doubts, answers, strict=True) if ended]

    async def _by_events(self, doubt: Doubt) -> bool:
        if doubt.answer is not None:
            return await self._prove_sent(doubt, doubt.answer, "answer")
        provider = self._provider(doubt)
        if provider is None:
            return await self._past_deadline(doubt)
        rows = await self._db.fetch_all(
            QUERIES["own_events"],
            instance=doubt.instance,
            recipients=list(provider.variants(doubt.recipient)),
            reference=doubt.reference,
            since=doubt.intent_at - _WINDOW_BEFORE,
        )
        by = provider.capabilities.client_reference
        found = pick(doubt, [Candidate(**row) for row in rows], by)
        if found is None or (by == "none" and await self._twin_in_flight(doubt)):
            return await self._past_deadline(doubt)
        return await self._prove_sent(doubt, found, "event")

    async def _twin_in_flight(self, doubt: Doubt) -> bool:
        row = await self._db.fetch_one(
            QUERIES["twins_in_flight"],
            instance=doubt.instance,
            recipient=doubt.recipient,
            fingerprint=doubt.fingerprint,
        )
        return bool(row and row["n"])

    def _may_look_up(self, doubt: Doubt) -> bool:
        now = self._clock.boot_seconds()
        if self._clock.now() - doubt.intent_at < self._proof_after:
            return False
        return now - self._looked_up_at.get(doubt.id, -_LOOK_UP_EVERY_SECONDS) >= _LOOK_UP_EVERY_SECONDS

    async def _by_look_up(self, doubt: Doubt) -> bool:
        provider = self._provider(doubt)
        if provider is None:
            return False
        try:
            if provider.capabilities.client_reference == "id":
                return await self._by_receipt(provider, doubt, doubt.reference)
            if not provider.capabilities.find_messages:
                return False
            return await self._by_messages(provider, doubt)
        except AncloraError as error:
            log.warning("look_up_failed", message_id=str(doubt.id), error=error.detail)
            return False

    async def _by_messages(self, provider: Provider, doubt: Doubt) -> bool:
        can, since, until = provider.capabilities, doubt.intent_at - _WINDOW_BEFORE, self._clock.now()
        found = await provider.find_messages(doubt.instance, since=since, until=until, recipient=doubt.recipient)
        unclaimed = await self._unclaimed(doubt.instance, found)
        candidates = [Candidate(m.provider_id, m.fingerprint, m.reference) for m in unclaimed]
        match = pick(doubt, candidates, can.client_reference)
        if match is not None:
            twin = can.client_reference == "none" and await self._twin_in_flight(doubt)
            return not twin and await self._by_receipt(provider, doubt, match, seen=True)
        if doubt.fingerprint is None and unclaimed and can.client_reference == "none":
            return False
        if not can.absence_proves or doubt.reason_code in can.hidden_by:
            return False
        control = found or await provider.find_messages(doubt.instance, since=since, until=until, newest=1)
        return bool(control) and await self._prove_absent(doubt)

    async def _by_receipt(self, provider: Provider, doubt: Doubt, provider_id: str, *, seen: bool = False) -> bool:
        """It went out when the provider knows how far it came, or was `seen` anyway; and it came as far as that."""
        receipt = None
        try:
            receipt = await provider.find_receipt(doubt.instance, provider_id)
        except AncloraError:
            if not seen:
                raise
        if receipt is not None:
            async with self._db.transaction() as conn:
                now = self._clock.now()
                await receipts.apply(conn, receipts.gather([(doubt.instance, receipt)], now), now)
        return (seen or receipt is not None) and await self._prove_sent(doubt, provider_id, "look_up")

    async def _unclaimed(self, instance: str, found: Sequence[FoundMessage]) -> list[FoundMessage]:
        rows = await self._db.fetch_all(
            QUERIES["mapped_ids"], instance=instance, provider_ids=[m.provider_id for m in found]
        )
        mapped = {row["provider_id"] for row in rows}
        return sorted((m for m in found if m.provider_id not in mapped), key=lambda m: m.at)

    async def _prove_sent(self, doubt: Doubt, provider_id: str, how: str) -> bool:
        async with self._db.transaction() as conn:
            cursor = await conn.execute(
                QUERIES["claim_provider_id"],
                {
                    "instance": doubt.instance,
                    "provider_id": provider_id,
                    "message_id": doubt.id,
                    "attempt": doubt.attempt,
                    "recipient": doubt.recipient,
                    "seen_at": self._clock.now(),
                },
            )
            row = await cursor.fetchone()
            if row is None:
                return False
            now = self._clock.now()
            fact = receipts.Fact(instance=doubt.instance, provider_id=provider_id, rank=row[0], seen_at=now)
            await receipts.apply(conn, {(doubt.instance, provider_id): fact}, now)
            await note(conn, doubt.id, "doubt ended", _HOW[how])
        metrics.RESOLVED.labels(how).inc()
        log.info("doubt_ended", message_id=str(doubt.id), how=how)
        return True

    async def _prove_absent(self, doubt: Doubt) -> bool:
        async with self._db.transaction() as conn:
            cursor = await conn.execute(QUERIES["resolve_not_sent"], {"id": doubt.id, "attempt": doubt.attempt})
            changed = await cursor.fetchone() is not None
            if changed:
                await conn.execute(QUERIES["insert_outbox"], {"ids": [doubt.id]})
                await note(conn, doubt.id, "doubt ended", _HOW["absent"])
        if changed:
            metrics.RESOLVED.labels("absent").inc()
            log.info("doubt_ended", message_id=str(doubt.id), how="absent")
        return changed

    async def _past_deadline(self, doubt: Doubt) -> bool:
        waited = self._clock.now() - doubt.unknown_at
        if waited < timedelta(seconds=self._settings.unknown_deadline_seconds):
            return False
        how, name = ("resend", "resend_doubt") if doubt.policy == "resend" else ("deadline", "give_up_doubt")
        query, told = telling(name)
        async with self._db.transaction() as conn:
            cursor = await conn.execute(query, {"id": doubt.id, "attempt": doubt.attempt, **told})
            changed = await cursor.fetchone() is not None
            if changed:
                if how == "resend":
                    await conn.execute(QUERIES["insert_outbox"], {"ids": [doubt.id]})
                await note(conn, doubt.id, "doubt given up", _HOW[how])
        if changed:
            metrics.RESOLVED.labels(how).inc()
            if how == "deadline":
                count_dead("unknown_outcome", "provider")
            log.warning("doubt_unresolved", message_id=str(doubt.id), how=how)
        return changed

    def _provider(self, doubt: Doubt) -> Provider | None:
        try:
            return self._providers[self._book.get(doubt.instance).provider]
        except AncloraError as error:
            log.warning("no_provider", instance=doubt.instance, error=error.detail)
            return None

    async def _tell_lanes(self, ended: Sequence[Doubt]) -> None:
        """Make the lane look at these now: it drops what is final, and serves what is queued again."""
        items = [LaneItem(str(d.id), d.instance, d.recipient, d.priority, d.ordinal) for d in ended]
        try:
            await enqueue(self._queue, items)
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error))
