"""Results of attempts, written in groups: always stored, changing the message only past the fence.

Ledger first, lane second. If the ledger is away the results wait here (bounded by the send slots, which stay taken); if
the lane is away its leases run out and the next claim meets the final row.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from anclora.kit.batcher import commit_or_bisect
from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.kit.failpoints import BEFORE_COMPLETE, passing
from anclora.kit.ids import WorkerId
from anclora.kit.lifecycle import Loop, Overlap
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics
from anclora.messages.intent import Intent
from anclora.messages.model import State
from anclora.messages.rules import Verdict, judge
from anclora.messages.worker import QUERIES
from anclora.providers.contract import Outcome, Refused, Sent, Unknown
from anclora.queue import Queue
from anclora.storage.database import Database, id_span

log = get_logger(__name__)
_ROUND = 500
_BESIDE = 1  # groups stored beside the present one: while one waits for the disk, another computes
_POISON = (psycopg.DataError, psycopg.IntegrityError)
_encode = msgspec.json.Encoder().encode


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
        self._open = 0
        self._stored = asyncio.Event()
        self._groups = Overlap(_BESIDE)

    def put(self, intent: Intent, outcome: Outcome) -> None:
        """Hand over the end of an attempt."""
        verdict = judge(outcome, intent.trial, settings=self._settings, now=self._clock.now(), dice=self._dice)
        self._waiting.append(Result(intent=intent, outcome=outcome, verdict=verdict))
        self._open += 1
        self.nudge()

    async def flushed(self) -> None:
        """Wait until everything handed over is in the ledger."""
        self.nudge()
        while self._open:
            self._stored.clear()
            await self._stored.wait()

    async def run_once(self) -> bool:
        """Begin to store one group, beside those before it."""
        await self._groups.reap()
        batch = [self._waiting.popleft() for _ in range(min(_ROUND, len(self._waiting)))]
        if batch:
            await self._groups.start(self._end(batch))
        return bool(self._waiting)

    async def settle(self) -> None:
        """Store what is there, and return when ledger and lanes know it."""
        while await self.run_once():
            continue
        await self._groups.join()

    async def _end(self, batch: Sequence[Result]) -> None:
        """Ledger first, then the lanes; what the ledger did not take waits again."""
        try:
            with metrics.BATCH.labels("results").time():
                answers = await commit_or_bisect(self._store, batch, _POISON)
        except BaseException:
            self._waiting.extendleft(reversed(batch))
            raise
        for result, answer in zip(batch, answers, strict=True):
            if answer is not None:  # it stays `sending` in the ledger until that is too old, and is then in doubt
                log.error("result_not_stored", message_id=str(result.intent.id), error=repr(answer))
        for state, count in Counter(result.verdict.state for result in batch).items():
            metrics.FINISHED.labels(state.value).inc(count)
        try:
            await self._tell_lanes(batch)
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error), results=len(batch))
        finally:
            self._open -= len(batch)
            self._stored.set()
            self._freed(len(batch))

    async def _store(self, batch: Sequence[Result]) -> Sequence[Exception | None]:
        await store(self._db, batch, self._worker_id())
        return [None] * len(batch)

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
                    await self._queue.resume(lane, gently=True)
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
            passing(BEFORE_COMPLETE)
            await self._queue.complete(done)
        if back:
            await self._queue.release(back)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


async def store(db: Database, batch: Sequence[Result], worker_id: WorkerId) -> None:
    """One statement for a group of results: numbers that rest, the id map, attempts and messages."""
    rows = {
        "rows": _encode([_row(r) for r in batch]).decode(),
        "rests": _encode(_rests(batch)).decode(),
        "worker_id": worker_id,
        **id_span(r.intent.id for r in batch),
    }
    sent = [r for r in batch if isinstance(r.outcome, Sent)]
    ids = {row[0] for row in await db.commit(QUERIES["store_results"], **rows)}
    late = [r for r in sent if r.intent.id not in ids]
    if late:
        await _count_doubles(db, late)


async def _count_doubles(db: Database, late: Sequence[Result]) -> None:
    rows = await db.fetch_all(QUERIES["read_fences"], ids=[r.intent.id for r in late])
    fences: dict[UUID, tuple[int, str]] = {row["id"]: (row["attempt"], row["state"]) for row in rows}
    for result in late:
        attempt, state = fences.get(result.intent.id, (0, ""))
        went_again = state in (State.SENDING, State.SENT, State.DELIVERED, State.READ, State.PLAYED)
        if attempt > result.intent.attempt and went_again:
            metrics.DUPLICATE_SENDS.inc()
            log.error("duplicate_send", message_id=str(result.intent.id), attempt=result.intent.attempt)


class _Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A result as the ledger takes it: the names of `store_results`."""

    id: UUID
    attempt: int
    instance: str
    intent_at: datetime
    outcome: str
    state: str
    code: str | None = None
    text: str | None = None
    provider_id: str | None = None
    next_attempt_at: datetime | None = None
    costs_try: bool = False
    lane_refusal: bool = False
    blocks_seconds: float | None = None
    reason_code: str | None = None
    reason_text: str | None = None


def _row(result: Result) -> _Row:
    intent, outcome, verdict = result.intent, result.outcome, result.verdict
    sent = isinstance(outcome, Sent)
    return _Row(
        id=intent.id,
        attempt=intent.attempt,
        instance=intent.instance,
        intent_at=intent.intent_at,
        outcome=type(outcome).__name__.lower(),
        code=None if sent else outcome.code,
        text=None if sent else outcome.text,
        provider_id=outcome.provider_id if sent else None,
        state=verdict.state.value,
        next_attempt_at=verdict.next_attempt_at,
        costs_try=verdict.costs_try,
        lane_refusal=verdict.lane_refusal,
        blocks_seconds=verdict.blocks_seconds,
        reason_code=verdict.code,
        reason_text=verdict.text,
    )


def _rests(batch: Sequence[Result]) -> list[dict[str, object]]:
    worst: dict[str, tuple[float, str]] = {}
    for result in batch:
        seconds = result.verdict.pause_lane_seconds
        if seconds is not None and isinstance(result.outcome, Refused):
            worst[result.intent.instance] = (seconds, result.outcome.code)
    return [{"name": name, "seconds": seconds, "reason": reason} for name, (seconds, reason) in worst.items()]
