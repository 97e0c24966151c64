"""The intent: which of the claimed messages may leave now, committed before anything is sent.

The ledger decides; the lane only proposed. Whatever may not go is told apart in the same transaction, and the lane
learns by the fitting verb: only final rows leave it, and held ones, which come back when their gate opens.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from anclora.kit.clock import Clock
from anclora.kit.ids import MessageId, WorkerId, first_id_at
from anclora.kit.settings import Settings
from anclora.messages import metrics
from anclora.messages.ended import count_unsent
from anclora.messages.model import FINAL, MessageClass, State
from anclora.messages.rules import Trial
from anclora.messages.told import telling
from anclora.messages.worker import QUERIES
from anclora.providers.contract import Content
from anclora.queue import Claimed
from anclora.storage.database import Database, id_span

_content = msgspec.json.Decoder(Content)
_HEAD_RETRY = timedelta(seconds=1)
_HORIZON = timedelta(hours=1)  # no message is made later than now: the partitions ahead need not be looked into


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A message this worker has the right and the duty to send now.

    Attributes:
        attempt: the fence of its result.
        began_boot_seconds: boot time at which the claim of the right began.
    """

    id: MessageId
    attempt: int
    instance: str
    recipient: str
    content: Content
    trial: Trial
    intent_at: datetime
    began_boot_seconds: float
    claimed: Claimed


class Intents(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claim: send these, give these back to the lane until a moment, drop these from it.

    Attributes:
        held: leave the lane too, as if they had never been claimed.
        left: nothing was decided of these yet.
    """

    send: list[Intent] = []
    release: list[tuple[Claimed, datetime, bool]] = []
    held: list[Claimed] = []
    complete: list[Claimed] = []
    left: list[Claimed] = []


async def intend_clear(
    db: Database,
    claimed: Sequence[Claimed],
    worker_id: WorkerId,
    settings: Settings,
    clock: Clock,
    *,
    quiet: str | None = None,
) -> Intents:
    """Commit the intents of those that nothing stands in the way of, which most are; `intend` judges what is left.

    Arguments and errors are those of `intend`.
    """
    if quiet is not None:
        return Intents(left=list(claimed))
    began = clock.boot_seconds()
    by_id = {item.id: item for item in claimed}
    with metrics.BATCH.labels("intent").time():
        rows = await db.commit(QUERIES["intend_clear"], **_asked(by_id, worker_id, settings, clock))
    result = Intents()
    clear = {str(row[0]): row for row in rows}
    for message_id, item in by_id.items():
        if (row := clear.get(message_id)) is None:
            result.left.append(item)
        else:
            result.send.append(msgspec.convert(row, _Row).intent(item, began))
    metrics.INTENTS.labels("sending").inc(len(rows))
    return result


def _asked(ids: Iterable[str], worker_id: WorkerId, settings: Settings, clock: Clock) -> dict[str, object]:
    """What both statements are told."""
    return {
        **id_span(ids),
        "worker_id": worker_id,
        "max_age_seconds": settings.max_age_seconds,
        "horizon": first_id_at(clock.now() + _HORIZON),
    }


async def intend(
    db: Database,
    claimed: Sequence[Claimed],
    worker_id: WorkerId,
    settings: Settings,
    clock: Clock,
    *,
    quiet: str | None = None,
) -> Intents:
    """Commit the intents of what may go, and tell apart what may not.

    Args:
        db: the ledger.
        claimed: what the lanes gave.
        worker_id: who sends.
        settings: lease and maximum age.
        clock: the machine's.
        quiet: who is not to be woken now, from `QuietBook.told`; None = no class has quiet hours.

    Raises:
        CommitUnknownError: nothing may be sent; the rows that became ours must be given back.
        UnavailableError: nothing changed.
    """
    began = clock.boot_seconds()
    by_id: Mapping[str, Claimed] = {item.id: item for item in claimed}
    query, told = telling("intend")
    with metrics.BATCH.labels("intent").time():
        rows = await db.commit(query, **_asked(by_id, worker_id, settings, clock), quiet=quiet, **told)
    result = Intents()
    now = clock.now()
    lease = timedelta(seconds=settings.lease_seconds)
    told = {str(row[0]): row for row in rows}
    for message_id, item in by_id.items():  # in the order of the claim: what goes before others is sent before them
        if (row := told.get(message_id)) is None:  # dropped with its partition, or never ours: the lane forgets it
            result.complete.append(item)
        else:
            _sort_in(result, msgspec.convert(row, _Row), item, began=began, now=now, lease=lease)
    for verdict, count in Counter(row[2] for row in rows).items():
        metrics.INTENTS.labels(verdict).inc(count)
        count_unsent(verdict, count)
    return result


def _sort_in(result: Intents, columns: "_Row", item: Claimed, *, began: float, now: datetime, lease: timedelta) -> None:
    if columns.verdict == "sending":
        result.send.append(columns.intent(item, began))
    elif columns.verdict == "head_blocked":
        result.release.append((item, now + _HEAD_RETRY, True))
    elif columns.verdict == "not_due":
        result.release.append((item, columns.next_attempt_at, True))
    elif columns.verdict == "held":
        result.held.append(item)
    elif columns.state in FINAL or columns.verdict in FINAL or columns.state is State.SCHEDULED:  # enqueued when due
        result.complete.append(item)
    else:
        # In doubt it blocks as long as its class says, which the ledger knows: the lane keeps nothing back for it.
        result.release.append((item, now + lease, columns.state is not State.UNKNOWN))


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """The columns of `intend`, in order."""

    id: UUID
    state: State
    verdict: str
    next_attempt_at: datetime
    attempt: int | None
    instance: str | None
    recipient: str | None
    content: bytes | None
    kind: MessageClass | None
    tries: int | None
    lane_refusals: int | None
    eligible_at: datetime | None
    intent_at: datetime | None

    def intent(self, item: Claimed, began: float) -> Intent:
        """The row of a message that goes: the update filled every column."""
        return Intent(
            id=MessageId(self.id),
            attempt=self.attempt or 0,
            instance=self.instance or "",
            recipient=self.recipient or "",
            content=_content.decode(self.content or b""),
            trial=Trial(
                kind=self.kind or MessageClass.UTILITY,
                tries=self.tries or 0,
                lane_refusals=self.lane_refusals or 0,
                due_since=self.eligible_at or self.next_attempt_at,
            ),
            intent_at=self.intent_at or self.next_attempt_at,
            began_boot_seconds=began,
            claimed=item,
        )


async def give_back(db: Database, held: Sequence[tuple[UUID, int]], worker_id: WorkerId) -> set[UUID]:
    """Return messages whose request was not started; the ids that really were ours to return."""
    if not held:
        return set()
    async with db.transaction() as conn:
        cursor = await conn.execute(
            QUERIES["give_back"],
            {"ids": [i for i, _ in held], "attempts": [attempt for _, attempt in held], "worker_id": worker_id},
        )
        returned = {row[0] for row in await cursor.fetchall()}
    metrics.GIVEN_BACK.inc(len(returned))
    return returned


async def give_back_uncertain(db: Database, ids: Sequence[UUID], worker_id: WorkerId) -> int:
    """After a commit whose outcome is unknown: read the rows again, and give back those that became ours."""
    rows = await db.fetch_all(QUERIES["own_intents"], ids=list(ids), worker_id=worker_id)
    held = [(row["id"], row["attempt"]) for row in rows]
    return len(await give_back(db, held, worker_id))
