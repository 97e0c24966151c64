"""Results of attempts, written in groups: always stored, changing the message only past the fence.

Ledger first, lane second. If the ledger is away the results wait here (bounded by the send slots, which stay taken); if
the lane is away its leases run out and the next claim meets the final row.
"""

import asyncio
import contextlib
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from anclora.instances.book import InstanceBook
from anclora.kit import tracing
from anclora.kit.batcher import commit_or_bisect
from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.kit.failpoints import BEFORE_COMPLETE, HALF_STORED, passing
from anclora.kit.ids import WorkerId
from anclora.kit.lifecycle import Loop, Overlap
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages import metrics
from anclora.messages.attempt import Result, plainly_sent, rests_of, row_of, woken_by
from anclora.messages.feed import lane_of
from anclora.messages.intent import Intent
from anclora.messages.measured import count_results
from anclora.messages.model import State
from anclora.messages.resolved import Resolved, went_elsewhere
from anclora.messages.retries import RetryBook
from anclora.messages.rules import FOLLOW_SECONDS, judge
from anclora.messages.told import telling
from anclora.messages.traces import trace_attempts
from anclora.messages.worker import QUERIES
from anclora.providers.contract import Outcome, Scope, Sent, Unknown
from anclora.queue import Claimed, Queue
from anclora.storage.database import Database, id_span

log = get_logger(__name__)
_ROUND = 500
_ENOUGH = 250  # a statement costs Postgres a millisecond before its first row, so fewer wait for company
_LINGER_SECONDS = 0.02  # at the most
_BESIDE = 3  # groups stored beside the present one: while one waits for the disk, another computes
_UNCHANGED: tuple[datetime | None, str] = (None, "")
_POISON = (psycopg.DataError, psycopg.IntegrityError)
_encode = msgspec.json.Encoder().encode


class Results(Loop):
    """Owns finished attempts until ledger and lane know them.

    Attributes:
        served_until: until when somebody took what was ready, before this process began; None = nobody ever did.
    """

    name = "results"
    every_seconds = 1.0

    def __init__(
        self,
        db: Database,
        queue: Queue,
        settings: Settings,
        clock: Clock,
        *,
        book: InstanceBook,
        retries: RetryBook,
        worker_id: Callable[[], WorkerId],
        freed: Callable[[int], None],
    ) -> None:
        super().__init__()
        self._db = db
        self._queue = queue
        self._settings = settings
        self._book = book
        self._retries = retries
        self._clock = clock
        self._worker_id = worker_id
        self._freed = freed
        self._dice = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._waiting: deque[Result] = deque()
        self._open = 0
        self._enough = asyncio.Event()
        self._stored = asyncio.Event()
        self._groups = Overlap(_BESIDE)
        self._resolved = Resolved(db, clock)
        self.served_until: datetime | None = None

    def put(self, intent: Intent, outcome: Outcome) -> None:
        """Hand over the end of an attempt."""
        now = self._clock.now()
        verdict = judge(
            outcome,
            intent.trial,
            retries=self._retries.now,
            max_age_seconds=self._settings.max_age_seconds,
            now=now,
            dice=self._dice,
        )
        self._waiting.append(Result(intent=intent, outcome=outcome, verdict=verdict, at=now))
        self._open += 1
        if len(self._waiting) >= _ENOUGH:
            self._enough.set()
        self.nudge()

    async def flushed(self) -> None:
        """Wait until everything handed over is in the ledger."""
        self.nudge()
        while self._open:
            self._stored.clear()
            await self._stored.wait()

    async def run_once(self) -> bool:
        """Begin to store one group, beside those before it; a small one waits a moment for company."""
        await self._groups.reap()
        if 0 < len(self._waiting) < _ENOUGH:
            await self._company()
        batch = [self._waiting.popleft() for _ in range(min(_ROUND, len(self._waiting)))]
        if batch:
            await self._groups.start(self._end(batch))
        return bool(self._waiting)

    async def _company(self) -> None:
        self._enough.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self._enough.wait()

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
            if isinstance(answer, Exception):  # it stays `sending` in the ledger until that is too old: then in doubt
                log.error("result_not_stored", message_id=str(result.intent.id), error=repr(answer))
        for state, count in Counter(result.verdict.state for result in batch).items():
            metrics.FINISHED.labels(state.value).inc(count)
        try:
            await self._tell_lanes(batch, answers)
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error), results=len(batch))
        finally:
            self._open -= len(batch)
            self._stored.set()
            self._freed(len(batch))
        if elsewhere := went_elsewhere(batch):
            await self._resolved.learn(elsewhere)

    async def _store(self, batch: Sequence[Result]) -> Sequence[datetime | None]:
        stored = await store(self._db, batch, self._worker_id())
        states = {message_id: state for message_id, (_, state) in stored.items()}
        count_results(batch, states, served_until=self.served_until)
        if tracing.active is not None:
            trace_attempts(tracing.active, batch, states)
        return [stored.get(result.intent.id, _UNCHANGED)[0] for result in batch]

    async def _tell_lanes(self, batch: Sequence[Result], blocks: Sequence[datetime | Exception | None]) -> None:
        """Close what rests, open what works again, give every item its place; `blocks` = until when it may block."""
        await self._tell_gates(batch)
        done = [r.intent.claimed for r in batch if r.verdict.state not in (State.QUEUED, State.UNKNOWN)]
        now_ms = _ms(self._clock.now())
        doubtful_until = now_ms + int(self._settings.lease_seconds * 1000)
        back: list[tuple[Claimed, int, bool]] = []
        tried: list[tuple[Claimed, int, int]] = []
        for result, until in zip(batch, blocks, strict=True):
            verdict, claimed = result.verdict, result.intent.claimed
            if verdict.state not in (State.QUEUED, State.UNKNOWN):
                continue
            due = _ms(verdict.next_attempt_at) if verdict.next_attempt_at else doubtful_until
            if verdict.rest is not None and verdict.rest.whole_lane:  # nothing of the number went out: it costs nothing
                back.append((claimed, due, verdict.keeps_place))
            else:
                keep = max(0, _ms(until) - now_ms) if isinstance(until, datetime) else 0
                tried.append((claimed, due, keep if verdict.keeps_place else 0))
        if done:
            passing(BEFORE_COMPLETE)
            await self._queue.complete(done)
        if back:
            await self._queue.release(back)
        if tried:
            await self._queue.retry(tried)

    async def _tell_gates(self, batch: Sequence[Result]) -> None:
        pauses: dict[str, float] = {}
        for result in batch:
            lane, rest = result.intent.claimed.lane, result.verdict.rest
            if rest is not None and rest.whole_lane:
                if rest.scope is Scope.ACCOUNT:
                    after_probe = rest.seconds + FOLLOW_SECONDS
                    pauses |= {other: max(pauses.get(other, 0.0), after_probe) for other in self._beside(result.intent)}
                pauses[lane] = max(pauses.get(lane, 0.0), rest.seconds)
            elif result.intent.claimed.probe:
                if isinstance(result.outcome, Unknown):
                    pauses.setdefault(lane, self._retries.now.of_failure(Scope.LANE).base_seconds)
                else:
                    await self._queue.resume(lane, gently=True)
            if rest is not None:
                metrics.RESTS.labels(rest.scope.value).inc()
        for lane, seconds in pauses.items():
            await self._queue.pause(lane, for_seconds=seconds, probe=True)

    def _beside(self, intent: Intent) -> list[str]:
        """The other lanes of the same provider's account."""
        known = {instance.name: instance.provider for instance in self._book.all}
        provider = known.get(intent.instance)
        return [lane_of(name) for name, its in known.items() if its == provider and name != intent.instance]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


async def store(db: Database, batch: Sequence[Result], worker_id: WorkerId) -> dict[UUID, tuple[datetime | None, str]]:
    """What rests, the id map, attempts and messages of a group; what plainly was sent goes by a cheaper statement.

    Returns:
        The messages that changed: until when each may hold back later ones of its recipient, and its new state.
    """
    changed = await _store_sent(db, batch, worker_id)
    if changed:
        passing(HALF_STORED)
    left = [r for r in batch if r.intent.id not in changed]
    if not left:
        return changed
    rests = rests_of(left)
    rows = {
        "rows": _encode([row_of(r) for r in left]).decode(),
        "rests": _encode(rests).decode(),
        "woken": [] if rests else woken_by(left),  # one statement must not write a row twice
        "worker_id": worker_id,
        **id_span(r.intent.id for r in left),
    }
    query, told = telling("store_results")
    changed |= {row[0]: (row[1], row[2]) for row in await db.commit(query, **rows, **told)}
    late = [r for r in left if isinstance(r.outcome, Sent) and r.intent.id not in changed]
    if late:
        await _count_doubles(db, late)
    return changed


async def _store_sent(
    db: Database, batch: Sequence[Result], worker_id: WorkerId
) -> dict[UUID, tuple[datetime | None, str]]:
    """Those that simply are sent now; none while integrators are told of it, or when one was noted before."""
    rows = plainly_sent(batch)
    if not rows or telling("store_results")[1]:
        return {}
    try:
        stored = await db.commit(
            QUERIES["store_sent"],
            rows=_encode(rows).decode(),
            worker_id=worker_id,
            **id_span(row.id for row in rows),
        )
    except psycopg.errors.UniqueViolation:
        return {}
    return {row[0]: (row[1], row[2]) for row in stored}


async def _count_doubles(db: Database, late: Sequence[Result]) -> None:
    rows = await db.fetch_all(QUERIES["read_fences"], ids=[r.intent.id for r in late])
    fences: dict[UUID, tuple[int, str]] = {row["id"]: (row["attempt"], row["state"]) for row in rows}
    for result in late:
        attempt, state = fences.get(result.intent.id, (0, ""))
        went_again = state in (State.SENDING, State.SENT, State.DELIVERED, State.READ, State.PLAYED)
        if attempt > result.intent.attempt and went_again:
            metrics.DUPLICATE_SENDS.inc()
            log.error("duplicate_send", message_id=str(result.intent.id), attempt=result.intent.attempt)
