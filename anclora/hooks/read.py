"""What people see of subscriptions: how each fares, what waits and why, what was told and what was answered."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from anclora.hooks.errors import no_delivery
from anclora.hooks.fan_out import QUERIES
from anclora.hooks.model import DeliveryState, Hook, PausedBy
from anclora.hooks.subscriptions import find
from anclora.kit.clock import Clock
from anclora.kit.said import SAID
from anclora.kit.wire import shown_url
from anclora.storage.database import Database

_MOST_COUNTED = 100_000
_LAST = UUID(int=2**128 - 1)
_WORDS = frozenset(
    {
        *("text", "caption", "body", "title", "description", "name", "question", "filename"),
        *("note", "handoff_note", "closed_why"),
    }
)
_NUMBER = re.compile(r"(?<![\w-])\+?\d{7,15}(?![\w-])")


class HookView(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as it is shown: never its secret, and its URL without what stands behind the `?`.

    Attributes:
        status: active; failing = its last request failed, and it waits until `next_at`; paused.
        waiting: events on their way to it, counted up to 100,000.
        aside: those of them that failed alone and wait for their own next try.
        why: one sentence: what it waits for, or that nothing waits.
    """

    id: UUID
    name: str
    url: str
    types: list[str]
    batch_size: int
    linger_seconds: float
    created_at: datetime
    status: Literal["active", "failing", "paused"]
    paused_at: datetime | None
    paused_by: PausedBy | None
    failing_since: datetime | None
    failures: int
    next_at: datetime | None
    last_ok_at: datetime | None
    last_error: str | None
    waiting: int
    aside: int
    oldest_waiting_at: datetime | None
    why: str


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to a subscription, or at its end there.

    Attributes:
        type: null when the event is no longer kept.
        state: aside = it failed as the only one of a request, and goes again at `due_at`.
        ended_at: when it was taken or given up.
        last_status: of the last request it was part of; null = none, or no answer came.
    """

    event_id: UUID
    type: str | None
    subject: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `events` = how many it carried; `answer` = how the answer began."""

    id: UUID
    at: datetime
    webhook_id: str
    events: int
    duration_ms: int
    status: int | None
    error: str | None
    answer: Annotated[str | None, SAID]


class DeliveryDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what was told and what was answered.

    Attributes:
        payload: as it is posted, but words as their length and of phone numbers only the end; null = no longer kept.
        requests: the last twenty it was part of, the newest first.
    """

    delivery: DeliveryView
    payload: dict[str, Any] | None
    requests: list[RequestView]


async def show(db: Database, hook_id: UUID, clock: Clock) -> HookView:
    """One subscription.

    Raises:
        NotFoundError: there is none of this id.
    """
    return await _view(db, await find(db, hook_id), clock.now())


async def show_all(db: Database, clock: Clock) -> list[HookView]:
    """Every subscription, the oldest first."""
    rows = await db.fetch_all(QUERIES["read_hooks"])
    return [await _view(db, Hook(**row), clock.now()) for row in rows]


async def find_deliveries(
    db: Database, hook_id: UUID, *, state: DeliveryState | None, before: UUID | None, limit: int
) -> list[DeliveryView]:
    """A page, the newest event first; `before` is the last id of the page before.

    Raises:
        NotFoundError: there is no such subscription.
    """
    await find(db, hook_id)
    rows = await db.fetch_all(QUERIES["find_deliveries"], id=hook_id, state=state, before=before or _LAST, limit=limit)
    return [DeliveryView(**row) for row in rows]


async def show_delivery(db: Database, hook_id: UUID, event_id: UUID) -> DeliveryDetail:
    """One of them with its log.

    Raises:
        NotFoundError: there is no such subscription, or it was never to be told of this event.
    """
    await find(db, hook_id)
    row = await db.fetch_one(QUERIES["read_delivery"], id=hook_id, event_id=event_id)
    if row is None:
        raise no_delivery(event_id)
    requests = await db.fetch_all(QUERIES["read_requests"], ids=row["request_ids"])
    fields = {name: row[name] for name in DeliveryView.__struct_fields__}
    return DeliveryDetail(
        delivery=DeliveryView(**fields),
        payload=None if row["type"] is None else _payload(row),
        requests=[RequestView(**each) for each in requests],
    )


async def _view(db: Database, hook: Hook, now: datetime) -> HookView:
    counts = await db.fetch_one(QUERIES["count_waiting"], id=hook.id, most=_MOST_COUNTED) or {}
    status = "paused" if hook.paused_at else "failing" if hook.failures else "active"
    return HookView(
        id=hook.id,
        name=hook.name,
        url=shown_url(hook.url),
        types=hook.types,
        batch_size=hook.batch_size,
        linger_seconds=hook.linger_seconds,
        created_at=hook.created_at,
        status=status,
        paused_at=hook.paused_at,
        paused_by=hook.paused_by,
        failing_since=hook.failing_since,
        failures=hook.failures,
        next_at=hook.next_at if status == "failing" else None,
        last_ok_at=hook.last_ok_at,
        last_error=hook.last_error,
        waiting=counts["waiting"],
        aside=counts["aside"],
        oldest_waiting_at=counts["oldest_at"],
        why=explain(hook, counts, now),
    )


def explain(hook: Hook, counts: Mapping[str, Any], now: datetime) -> str:
    """Why what waits is not out yet, in one sentence."""
    waiting, aside = counts["waiting"], counts["aside"]
    if hook.paused_at is not None:
        return f"Paused since {_moment(hook.paused_at)}: {hook.paused_why}"
    if not waiting:
        return "Nothing waits."
    if hook.next_at > now and hook.failures:
        failed = f"{hook.failures} requests in a row failed, the last one: {hook.last_error}"
        return f"{failed}; next at {_moment(hook.next_at)}."
    if aside == waiting:
        return f"What waits failed alone, or waits behind what did; next at {_moment(counts['due_at'])}."
    return "On its way."


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _payload(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {"id": row["event_id"], "type": row["type"], "timestamp": row["at"], "subject": row["subject"]}
    return {**told, "subject": _masked(row["subject"]), "instance": row["instance"], "data": _masked(row["data"])}


def _masked(value: Any, name: str = "") -> Any:
    """A JSON value without people's words and numbers."""
    if isinstance(value, dict):
        return {key: _masked(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, name) for each in value]
    if isinstance(value, str):
        if name in _WORDS:
            return f"({len(value)} characters)"
        return _NUMBER.sub(lambda found: f"…{found[0][-3:]}", value)
    return value
