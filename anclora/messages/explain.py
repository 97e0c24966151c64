"""Why is this message not out yet? The one rule that limits it, and everything that happened to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from anclora.kit.errors import UnavailableError
from anclora.kit.logging import get_logger
from anclora.kit.said import REDACTED
from anclora.messages.errors import no_message
from anclora.messages.feed import lane_of
from anclora.messages.model import Explanation, State, TimelineEntry
from anclora.messages.read import QUERIES
from anclora.messages.why import estimate, limit_of, reason_of
from anclora.queue import Peek
from anclora.storage.database import Database

log = get_logger(__name__)
_MOMENTS = (
    ("created_at", "accepted"),
    ("sent_at", "sent"),
    ("delivered_at", "delivered"),
    ("read_at", "read"),
    ("played_at", "played"),
)
_SPOKEN = ("edit", "discarded")  # notes in people's own words
_ENDS = (State.FAILED, State.DEAD, State.CANCELED, State.EXPIRED, State.BLOCKED)


class Peeks(Protocol):
    """What is asked of the lanes: `anclora.queue.Queue`."""

    async def peek(self, lane: str, item_id: str, priority: int, place: int) -> Peek:
        """What one item waits for."""
        ...


async def explain(
    db: Database, lanes: Peeks, message_id: UUID, *, now: datetime, zone: str, bodies: bool
) -> Explanation:
    """State, limiting rule, estimates and timeline of a message. Raises `NotFoundError`.

    While Redis is away the ledger alone answers, and the text says so.

    Args:
        db: the ledger.
        lanes: what the lanes are asked with.
        message_id: the message.
        now: the moment.
        zone: the business's own.
        bodies: whether people's and providers' own words are told; else a mark stands in their place.
    """
    place = await db.fetch_one(QUERIES["message_place"], id=message_id)
    if place is None:
        raise no_message(message_id)
    attempts = await db.fetch_all(QUERIES["message_attempts"], id=message_id)
    notes = await db.fetch_all(QUERIES["message_notes"], id=message_id)
    if not bodies:
        place = _without(place, "reason_text")
        attempts = [_without(row, "text") for row in attempts]
        notes = [_without(row, "detail") if row["kind"] in _SPOKEN else row for row in notes]
    state = State(place["state"])
    queued = state is State.QUEUED
    peek, away = None, False
    if queued:
        try:
            lane = lane_of(place["instance"])
            peek = await lanes.peek(lane, str(message_id), place["priority"], place["ordinal"] or 0)
        except UnavailableError as error:
            log.warning("lanes_unreachable", error=repr(error))
            away = True
    limit = limit_of(place, peek, now, zone)
    return Explanation(
        id=message_id,
        state=state,
        rule=limit.rule,
        text=f"{limit.text[:-1]} (Redis is away: this is what the ledger says)." if away else limit.text,
        until=limit.until,
        next_attempt_at=place["next_attempt_at"] if queued else limit.until,
        estimated_position=int(place["position"]) + 1 if queued else None,
        estimated_at=estimate(limit, peek, int(place["position"]), now) if queued else limit.until,
        source="lanes" if peek else "ledger",
        timeline=timeline(place, attempts, notes, now),
    )


def _without(row: Mapping[str, Any], column: str) -> Mapping[str, Any]:
    return {**row, column: REDACTED} if row[column] else row


def timeline(
    place: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]], notes: Sequence[Mapping[str, Any]], now: datetime
) -> list[TimelineEntry]:
    """Everything that happened, in order. Pure."""
    entries = [TimelineEntry(at=place[column], what=what) for column, what in _MOMENTS if place[column]]
    for row in attempts:
        entries.append(TimelineEntry(at=row["intent_at"], what=f"attempt {row['attempt']}"))
        if row["outcome"] != "sent":
            detail = " ".join(part for part in (row["code"], row["text"]) if part) or None
            entries.append(TimelineEntry(at=row["finished_at"], what=row["outcome"], detail=detail))
    entries += [TimelineEntry(at=row["at"], what=row["kind"], detail=row["detail"]) for row in notes]
    lost_at = place["blocks_until"]
    if lost_at and lost_at < (place["sent_at"] or (place["state_at"] if place["state"] in _ENDS else now)):
        entries.append(TimelineEntry(at=lost_at, what="lost its place", detail="later messages may go before it"))
    if place["stalled_at"]:
        entries.append(TimelineEntry(at=place["stalled_at"], what="stalled", detail="no acknowledgement in time"))
    if place["state"] in _ENDS:
        entries.append(TimelineEntry(at=place["state_at"], what=place["state"], detail=reason_of(place) or None))
    return sorted(entries, key=lambda entry: entry.at)
