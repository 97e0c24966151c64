"""Results of attempts, written in groups: always stored, changing the message only past the fence.

Ledger first, lane second. If the ledger is away the results wait here (bounded by the send slots, which stay taken); if
the lane is away its leases run out and the next claim meets the final row.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.kit.ids import WorkerId
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics
from anclora.messages.intent import Intent
from anclora.messages.model import State
from anclora.messages.rules import Verdict, judge
from anclora.messages.worker import QUERIES
from anclora.providers.contract import Outcome, Refused, Sent, Unknown
from anclora.queue import Queue
from anclora.storage.database import Database

log = get_logger(__name__)
_ROUND = 500


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one attempt."""

    intent: Intent
    outcome: Outcome
    verdict: Verdict


class Results(Loop):
    """Owns finished attempts until ledger and lane know them."""

    name = "results"
    every_seconds = 1.0

    def __init__(
        self,
        db: Database,
        queue: Queue,
        settings: Settings,
        clock: Clock,
        *,
        worker_id: Callable[[], WorkerId],
        freed: Callable[[int], None],
    ) -> None:
        super().__init__()
        self._db = db
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._worker_id = worker_id
        self._freed = freed
        self._dice = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._waiting: deque[Result] = deque()
        self._empty = asyncio.Event()

    def put(self, intent: Intent, outcome: Outcome) -> None:
        """Hand over the end of an attempt."""
        verdict = judge(outcome, intent.trial, settings=self._settings, now=self._clock.now(), dice=self._dice)
        self._waiting.append(Result(intent=intent, outcome=outcome, verdict=verdict))
        self.nudge()

    async def flushed(self) -> None:
        """Wait until everything handed over is in the ledger."""
        self._empty.clear()
        self.nudge()
        await self._empty.wait()

    async def run_once(self) -> bool:
        """Store one group."""
        batch = [self._waiting[index] for index in range(min(_ROUND, len(self._waiting)))]
        if not batch:
            self._empty.set()
            return False
        with metrics.BATCH.labels("results").time():
            await store(self._db, batch, self._worker_id())
        for _ in batch:
            self._waiting.popleft()
        for result in batch:
            metrics.FINISHED.labels(result.verdict.state.value).inc()
        try:
            await self._tell_lanes(batch)
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error), results=len(batch))
        self._freed(len(batch))
        return bool(self._waiting)

    async def _tell_lanes(self, batch: Sequence[Result]) -> None:
        pauses: dict[str, float] = {}
        for result in batch:
            lane, claimed, verdict = result.intent.claimed.lane, result.intent.claimed, result.verdict
            if verdict.pause_lane_seconds is not None:
                pauses[lane] = max(pauses.get(lane, 0.0), verdict.pause_lane_seconds)
            elif claimed.probe:
                doubt = isinstance(result.outcome, Unknown)
                if doubt:
                    pauses.setdefault(lane, self._settings.lane_backoff_seconds)
                else:
                    await self._queue.resume(lane)
        for lane, seconds in pauses.items():
            await self._queue.pause(lane, for_seconds=seconds, probe=True)
        done = [r.intent.claimed for r in batch if r.verdict.state not in (State.QUEUED, State.UNKNOWN)]
        doubtful_until = _ms(self._clock.now()) + int(self._settings.lease_seconds * 1000)
        back = [
            (
                r.intent.claimed,
                _ms(r.verdict.next_attempt_at) if r.verdict.next_attempt_at else doubtful_until,
                r.verdict.keeps_place,
            )
            for r in batch
            if r.verdict.state in (State.QUEUED, State.UNKNOWN)
        ]
        if done:
            await self._queue.complete(done)
        if back:
            await self._queue.release(back)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


async def store(db: Database, batch: Sequence[Result], worker_id: WorkerId) -> None:
    """One transaction for a group of results: id map first, then attempts, then messages, each in key order."""
    sent = [r for r in batch if isinstance(r.outcome, Sent)]
    async with db.transaction() as conn, conn.pipeline():
        if sent:
            await conn.execute(QUERIES["join_provider_ids"], _id_map(sent))
        await conn.execute(QUERIES["store_attempts"], _attempts(batch, worker_id))
        changed = await conn.execute(QUERIES["store_results"], _changes(batch))
        rests = _rests(batch)
        if rests["names"]:
            await conn.execute(QUERIES["rest_instances"], rests)
        ids = {row[0] for row in await changed.fetchall()}
        late = [r for r in sent if r.intent.id not in ids]
        if late:
            await _count_doubles(conn, late)


async def _count_doubles(conn: AsyncConnection, late: Sequence[Result]) -> None:
    cursor = await conn.execute(QUERIES["read_fences"], {"ids": [r.intent.id for r in late]})
    fences: dict[UUID, tuple[int, str]] = {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}
    for result in late:
        attempt, state = fences.get(result.intent.id, (0, ""))
        went_again = state in (State.SENDING, State.SENT, State.DELIVERED, State.READ, State.PLAYED)
        if attempt > result.intent.attempt and went_again:
            metrics.DUPLICATE_SENDS.inc()
            log.error("duplicate_send", message_id=str(result.intent.id), attempt=result.intent.attempt)


def _id_map(sent: Sequence[Result]) -> dict[str, list[object]]:
    # Two answers with the same id cannot be told apart; the later one keeps it.
    unique = {(r.intent.instance, _provider_id(r)): r for r in sent}
    return {
        "instances": [instance for instance, _ in unique],
        "provider_ids": [provider_id for _, provider_id in unique],
        "message_ids": [r.intent.id for r in unique.values()],
        "attempts": [r.intent.attempt for r in unique.values()],
    }


def _attempts(batch: Sequence[Result], worker_id: WorkerId) -> dict[str, object]:
    return {
        "worker_id": worker_id,
        "message_ids": [r.intent.id for r in batch],
        "attempts": [r.intent.attempt for r in batch],
        "instances": [r.intent.instance for r in batch],
        "intent_ats": [r.intent.intent_at for r in batch],
        "outcomes": [type(r.outcome).__name__.lower() for r in batch],
        "codes": [None if isinstance(r.outcome, Sent) else r.outcome.code for r in batch],
        "texts": [None if isinstance(r.outcome, Sent) else r.outcome.text for r in batch],
        "provider_ids": [_provider_id(r) for r in batch],
    }


def _changes(batch: Sequence[Result]) -> dict[str, object]:
    return {
        "ids": [r.intent.id for r in batch],
        "attempts": [r.intent.attempt for r in batch],
        "states": [r.verdict.state.value for r in batch],
        "next_attempt_ats": [r.verdict.next_attempt_at for r in batch],
        "costs_tries": [r.verdict.costs_try for r in batch],
        "lane_refusals": [r.verdict.lane_refusal for r in batch],
        "blocks_seconds": [r.verdict.blocks_seconds for r in batch],
        "codes": [r.verdict.code for r in batch],
        "texts": [r.verdict.text for r in batch],
        "instances": [r.intent.instance for r in batch],
        "provider_ids": [_provider_id(r) for r in batch],
    }


def _rests(batch: Sequence[Result]) -> dict[str, list[object]]:
    worst: dict[str, tuple[float, str]] = {}
    for result in batch:
        seconds = result.verdict.pause_lane_seconds
        if seconds is not None and isinstance(result.outcome, Refused):
            worst[result.intent.instance] = (seconds, result.outcome.code)
    return {
        "names": list(worst),
        "seconds": [seconds for seconds, _ in worst.values()],
        "reasons": [reason for _, reason in worst.values()],
    }


def _provider_id(result: Result) -> str | None:
    return result.outcome.provider_id if isinstance(result.outcome, Sent) else None
