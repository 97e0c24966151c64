"""Decisions about messages. Pure functions of values; the clock is passed in."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from anclora.kit.backoff import backoff_seconds
from anclora.kit.errors import InvalidError
from anclora.kit.settings import Settings
from anclora.messages.model import MessageClass, State
from anclora.providers.contract import Outcome, Refused, Scope, Sent

HEAD_BLOCK_SECONDS: Mapping[MessageClass, float] = {
    MessageClass.REPLY: 120.0,
    MessageClass.UTILITY: 600.0,
    MessageClass.MARKETING: 0.0,
}
FARTHEST_SCHEDULE = timedelta(days=366)
FREE_LANE_REFUSALS = 3


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an outcome makes of a message.

    Attributes:
        state: the new state.
        next_attempt_at: for `queued`: not before this moment.
        costs_try: whether it counts towards the limit of tries.
        lane_refusal: the lane refused, not the message; several in a row cost tries.
        blocks_seconds: how long the message may hold back later ones of its recipient, from its first failure on.
        keeps_place: whether it stays the head of its order in the lane.
        pause_lane_seconds: rest of the whole lane, or None.
        code: reason, stable.
        text: reason, in words.
    """

    state: State
    next_attempt_at: datetime | None = None
    costs_try: bool = False
    lane_refusal: bool = False
    blocks_seconds: float | None = None
    keeps_place: bool = True
    pause_lane_seconds: float | None = None
    code: str | None = None
    text: str | None = None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a verdict needs to know of the message: failures so far and age."""

    kind: MessageClass
    tries: int
    lane_refusals: int
    due_since: datetime


def judge(outcome: Outcome, trial: Trial, *, settings: Settings, now: datetime, dice: random.Random) -> Verdict:
    """What the outcome of an attempt makes of the message (design: refusals have a scope).

    A pause of the lane costs the message nothing until it caused `FREE_LANE_REFUSALS` in a row; from then on each costs
    a try and the message lets another one probe. Nothing permanent is decided here: the provider's table names that.
    """
    if isinstance(outcome, Sent):
        return Verdict(state=State.SENT)
    blocks = HEAD_BLOCK_SECONDS[trial.kind]
    if not isinstance(outcome, Refused):
        return Verdict(state=State.UNKNOWN, blocks_seconds=blocks, code=outcome.code, text=outcome.text)
    if outcome.permanent:
        return Verdict(state=State.FAILED, code=outcome.code, text=outcome.text)
    of_lane = outcome.scope in (Scope.LANE, Scope.ACCOUNT, Scope.TEMPLATE)
    patient = of_lane and trial.lane_refusals + 1 < FREE_LANE_REFUSALS
    costs = outcome.scope is Scope.MESSAGE or (of_lane and not patient)
    tries = trial.tries + costs
    if costs and tries >= settings.max_tries:
        return Verdict(state=State.DEAD, costs_try=True, code="tries_exhausted", text=f"{tries} tries; {outcome.text}")
    if now - trial.due_since > timedelta(seconds=settings.max_age_seconds):
        return Verdict(state=State.DEAD, costs_try=costs, code="too_old", text=outcome.text)
    if of_lane:
        wait = outcome.retry_after_seconds or settings.lane_backoff_seconds
    else:
        wait = outcome.retry_after_seconds or backoff_seconds(
            max(tries, 1), base=settings.retry_base_seconds, cap=settings.retry_cap_seconds, dice=dice
        )
    wait = min(wait, settings.retry_cap_seconds)
    return Verdict(
        state=State.QUEUED,
        next_attempt_at=now + timedelta(seconds=0 if patient else wait),
        costs_try=costs,
        lane_refusal=of_lane,
        blocks_seconds=blocks,
        keeps_place=patient or not of_lane,
        pause_lane_seconds=wait if of_lane else None,
        code=outcome.code,
        text=outcome.text,
    )


def due_moment(send_at: datetime | None, zone: str | None, *, now: datetime) -> datetime | None:
    """The UTC moment of a schedule, or None for "now".

    A local time that a clock change skips moves forward by the gap; one that happens twice means the first
    (PEP 495, fold 0).

    Raises:
        InvalidError: unknown zone, no zone for a local time, or more than a year ahead.
    """
    if send_at is None:
        return None
    if send_at.tzinfo is None:
        if zone is None:
            raise InvalidError("send_at has no offset: add one (2026-01-31T09:00:00+01:00) or give send_zone.")
        try:
            send_at = send_at.replace(tzinfo=ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidError(f"send_zone {zone[:60]!r} is no IANA time zone; Europe/Madrid is one.") from error
    moment = send_at.astimezone(UTC)
    if moment - now > FARTHEST_SCHEDULE:
        raise InvalidError("send_at is more than 12 months ahead; choose an earlier moment.")
    return moment if moment > now else None
