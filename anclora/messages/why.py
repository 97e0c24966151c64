"""The one rule that limits a message now, from its row and what its lane says. Pure; the clock is passed in.

What a person stopped comes first, then what concerns the message or its number whatever the lane does, then the lane.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from anclora.contacts.zones import zones_of
from anclora.messages.model import State
from anclora.messages.quiet import parse_window, quiet_until
from anclora.queue import Peek

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
_LOST = {"close": "disconnected", "connecting": "connecting", "logged_out": "logged out", "missing": "missing"}
Place = Mapping[str, Any]


class Limit(msgspec.Struct, frozen=True):
    """A rule, its sentence, and when it ends where that is known."""

    rule: str
    text: str
    until: datetime | None = None


def limit_of(place: Place, peek: Peek | None, now: datetime, zone: str) -> Limit:
    """The one rule.

    Args:
        place: a row of `message_place`.
        peek: what the lane says of a queued message; None = it was not asked, or is away.
        now: the moment.
        zone: that of a number which belongs to no country.
    """
    state = State(place["state"])
    if state is not State.QUEUED:
        return _elsewhere(place, state)
    return (
        _stopped(place, now)
        or _quiet(place, now, zone)
        or _held(place, now)
        or _lost(place, now)
        or _behind(place)
        or _waiting(place, now)
        or (_in_lane(place, peek, now) if peek else None)
        or Limit("worker", "It is due and waits only for a free worker.")
    )


def estimate(limit: Limit, peek: Peek | None, before: int, now: datetime) -> datetime | None:
    """When a queued message goes, an estimate: the end of its rule, and a slot for each one before it."""
    if peek is None or not peek.interval_ms:
        return limit.until
    if limit.until is None and limit.rule not in ("rate", "worker"):
        return None
    slot = _moment(peek.slot_at_ms, peek, now) or now
    return max(limit.until or now, slot) + timedelta(milliseconds=before * peek.interval_ms)


def reason_of(place: Place) -> str:
    """Why it is as it is, in words without a full stop; empty when nothing is wrong."""
    code = place["reason_code"]
    return str(place["reason_text"] or _WORDS.get(code, code) or "").rstrip(".")


def _elsewhere(place: Place, state: State) -> Limit:
    if state is State.SCHEDULED:
        send_at: datetime = place["send_at"]
        return Limit("schedule", f"It is scheduled for {send_at:%Y-%m-%d %H:%M:%S} UTC.", send_at)
    if state is State.SENDING:
        return Limit("none", "It is being sent now.")
    if state is State.UNKNOWN:
        text = "The request left and no answer came; evidence is being looked for, nothing is sent again blindly."
        return Limit("doubt", text)
    if state is State.SENT and place["stalled_at"]:
        return Limit("acknowledgement", f"{place['instance']} took it. {_UNACKNOWLEDGED}")
    reason = reason_of(place)
    return Limit("none", f"It is {state}: {reason}." if reason else f"It is {state}.")


def _stopped(place: Place, now: datetime) -> Limit | None:
    what, value = place["gate"], place["gate_value"]
    if what is None:
        return None
    where = f" on {place['gate_instance']}" if place["gate_instance"] else ""
    said = {
        "all": "Everything is stopped",
        "instance": f"{value} is stopped",
        "priority": f"The priority {value} is stopped{where}",
        "class": f"The class {value} is stopped",
        "campaign": "Its campaign is stopped",
        "tag": f"Its tag {value} is struck",
    }[what]
    why = f": {str(place['gate_why']).rstrip('.')}" if place["gate_why"] else ""
    return Limit("strike" if what == "tag" else "paused", f"{said} since {_clock(place['gate_since'], now)}{why}.")


def _quiet(place: Place, now: datetime, zone: str) -> Limit | None:
    if place["quiet"] is None:
        return None
    zones = (place["zone"],) if place["zone"] else zones_of(place["recipient"], zone)
    until = quiet_until(parse_window(place["quiet"]), zones, now)
    if until is None:
        return None
    text = f"{place['class']} keeps quiet {place['quiet']} where the recipient is: it may go at {_clock(until, now)}."
    return Limit("quiet_hours", text, until)


def _held(place: Place, now: datetime) -> Limit | None:
    if not place["hold_reason"]:
        return None
    if place["hold_until"] and place["hold_until"] > now:
        if place["hold_reason"].startswith("rest:"):
            said = place["hold_reason"].removeprefix("rest:")
            return Limit("paused", f"The provider refused such messages ({said}): they rest.", place["hold_until"])
        return Limit("hold", f"It is held: {place['hold_reason']}.", place["hold_until"])
    return Limit("lane", f"Its hold is over ({place['hold_reason']}): it is being put back into its lane.")


def _lost(place: Place, now: datetime) -> Limit | None:
    word = _LOST.get(place["instance_state"])
    if word is None:
        return None
    since = _clock(place["instance_since"], now)
    return Limit("disconnected", f"{place['instance']} is {word} since {since}: connect it at the provider.")


def _behind(place: Place) -> Limit | None:
    if not place["blocker"]:
        return None
    return Limit("order", f"An earlier message to the same person goes first: {place['blocker']}.")


def _waiting(place: Place, now: datetime) -> Limit | None:
    rests, tries = place["paused_until"] or now, place["next_attempt_at"]
    if rests > now and rests >= tries:
        until = _clock(rests, now)
        return Limit("paused", f"{place['instance']} rests until {until}: {place['pause_reason']}.", rests)
    if tries > now:
        return Limit("retry", f"The next try is at {_clock(tries, now)}: {reason_of(place) or 'waiting'}.", tries)
    return None


def _in_lane(place: Place, peek: Peek, now: datetime) -> Limit | None:  # noqa: PLR0911 - one line per rule
    name = place["instance"]
    if peek.place == "missing":
        return Limit("lane", "It is accepted and on its way to its lane.")
    if peek.place == "active":
        return Limit("worker", "A worker has it in hand.")
    if peek.gate[:1] in ("c", "w", "g", "t"):
        until = _moment(peek.gate_until_ms, peek, now)
        return Limit(
            "paused", f"{name} rests{_till(until, now)}; then one message shows whether it works again.", until
        )
    if peek.closed:
        return Limit("paused", f"{name} lets this priority go in a moment.")
    if peek.rest_until_ms:
        until = _moment(peek.rest_until_ms, peek, now)
        return Limit("pair_gap", f"{name} wrote to this person just now: the next goes{_till(until, now)}.", until)
    if peek.place == "parked":
        return Limit("order", f"Another message to the same person goes first: {peek.ahead or 'an earlier one'}.")
    if peek.place == "held":
        until = _moment(peek.due_ms, peek, now)
        return Limit("retry", f"It comes back{_till(until, now)}.", until)
    return _paced(name, peek, now)


def _paced(name: str, peek: Peek, now: datetime) -> Limit | None:
    if peek.sends == 0:
        until = _moment(peek.sends_at_ms, peek, now)
        return Limit("daily_cap", f"{name} has sent what it may in 24 hours: there is room{_till(until, now)}.", until)
    if peek.news == 0:
        until = _moment(peek.news_at_ms, peek, now)
        text = f"{name} has begun with as many people as it may in 24 hours: there is room{_till(until, now)}."
        return Limit("new_recipient_cap", text, until)
    if peek.interval_ms and 0 <= peek.hands <= max(peek.before, 0):
        until = _moment(peek.slot_at_ms, peek, now)
        pace = f"one message every {peek.interval_ms / 1000:g} s"
        return Limit("rate", f"{name} sends {pace}, and its next slot is{_till(until, now)}.", until)
    if peek.hands == 0:
        return Limit("worker", f"{name} has as many requests open as it may.")
    return None


def _moment(epoch_ms: int, peek: Peek, now: datetime) -> datetime | None:
    """A moment of the lanes' clock by ours; None = not known."""
    return now + timedelta(milliseconds=epoch_ms - peek.now_ms) if epoch_ms else None


def _till(until: datetime | None, now: datetime) -> str:
    return f" at {_clock(until, now)}" if until and until > now else " soon"


def _clock(moment: datetime, now: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
