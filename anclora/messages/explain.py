"""Why is this message not out yet? The one rule that limits it, and everything that happened to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from anclora.messages.errors import no_message
from anclora.messages.model import Explanation, State, TimelineEntry
from anclora.messages.read import QUERIES
from anclora.storage.database import Database

_MOMENTS = (
    ("created_at", "accepted"),
    ("sent_at", "sent"),
    ("delivered_at", "delivered"),
    ("read_at", "read"),
    ("played_at", "played"),
)
_WORDS: Mapping[str, str] = {
    "canceled": "it was canceled before it left",
    "expired": "its expires_at passed before it could go",
    "opted_out": "the recipient does not want to be written to",
    "provider_error": "the provider took it and refused it afterwards",
    "too_old": "it waited longer than a message may",
}
_UNACKNOWLEDGED = (
    "WhatsApp's servers have not acknowledged it: the phone may be offline, or the word was lost. It is looked up, and "
    "not sent again."
)
_ENDS = (State.FAILED, State.DEAD, State.CANCELED, State.EXPIRED, State.BLOCKED)


async def explain(db: Database, message_id: UUID, now: datetime) -> Explanation:
    """State, limiting rule, estimated place and timeline of a message. Raises `NotFoundError`."""
    place = await db.fetch_one(QUERIES["message_place"], id=message_id)
    if place is None:
        raise no_message(message_id)
    attempts = await db.fetch_all(QUERIES["message_attempts"], id=message_id)
    notes = await db.fetch_all(QUERIES["message_notes"], id=message_id)
    state = State(place["state"])
    rule, text = limiting_rule(place, now)
    waiting = state in (State.QUEUED, State.SCHEDULED)
    return Explanation(
        id=message_id,
        state=state,
        rule=rule,
        text=text,
        next_attempt_at=(place["send_at"] if state is State.SCHEDULED else place["next_attempt_at"])
        if waiting
        else None,
        estimated_position=int(place["position"]) + 1 if state is State.QUEUED else None,
        timeline=timeline(place, attempts, notes, now),
    )


def limiting_rule(place: Mapping[str, Any], now: datetime) -> tuple[str, str]:  # noqa: PLR0911 - one line per rule
    """The one rule, as a word and as a sentence. Pure."""
    state = State(place["state"])
    if state is State.SCHEDULED:
        return "time", f"It is scheduled for {place['send_at']:%Y-%m-%d %H:%M:%S} UTC."
    if state is State.SENDING:
        return "none", "It is being sent now."
    if state is State.UNKNOWN:
        return (
            "doubt",
            "The request left and no answer came; evidence is being looked for, nothing is sent again blindly.",
        )
    if state is State.SENT and place["stalled_at"]:
        return "acknowledgement", f"{place['instance']} took it. {_UNACKNOWLEDGED}"
    if state is not State.QUEUED:
        reason = _reason(place)
        return "none", f"It is {state}: {reason}." if reason else f"It is {state}."
    if place["hold_reason"]:
        return "hold", f"It is held: {place['hold_reason']}."
    if place["blocker"]:
        return "order", f"An earlier message to the same person goes first: {place['blocker']}."
    if place["paused_until"] and place["paused_until"] > now:
        return (
            "paused",
            f"{place['instance']} rests until {place['paused_until']:%H:%M:%S} UTC: {place['pause_reason']}.",
        )
    if place["next_attempt_at"] > now:
        return (
            "retry",
            f"The next try is at {place['next_attempt_at']:%H:%M:%S} UTC: {_reason(place) or 'waiting'}.",
        )
    return "worker", "It is due and waits only for a free worker."


def _reason(place: Mapping[str, Any]) -> str:
    """Why it is as it is, in words without a full stop; empty when nothing is wrong."""
    code = place["reason_code"]
    return str(place["reason_text"] or _WORDS.get(code, code) or "").rstrip(".")


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
        entries.append(TimelineEntry(at=place["state_at"], what=place["state"], detail=_reason(place) or None))
    return sorted(entries, key=lambda entry: entry.at)
