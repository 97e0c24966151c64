"""Decisions about messages. Pure functions of values; the clock is passed in."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from anclora.kit.backoff import backoff_seconds
from anclora.kit.errors import InvalidError
from anclora.messages.model import MessageClass, State
from anclora.messages.retries import Retries, Retry
from anclora.providers.contract import Outcome, Refused, Scope, Sent

HEAD_BLOCK_SECONDS: Mapping[MessageClass, float] = {
    MessageClass.REPLY: 120.0,
    MessageClass.UTILITY: 600.0,
    MessageClass.MARKETING: 0.0,
}
FARTHEST_SCHEDULE = timedelta(days=366)
FREE_PAUSES = 3
FOLLOW_SECONDS = 10.0  # after the probe, the others: by then it is known how the probe went


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """What a refusal stops besides its message, and for how long.

    Attributes:
        scope: one recipient of the lane, the lane, or every lane of the account.
        classes: of message it is about; empty = every class.
        seconds: until the message that was refused is tried again, as a probe.
        probed: whether that message is the probe; it is not once it caused too many pauses.
    """

    scope: Scope
    classes: frozenset[str]
    seconds: float
    probed: bool

    @property
    def whole_lane(self) -> bool:
        """Whether nothing of the lane may go."""
        return self.scope is not Scope.RECIPIENT and not self.classes


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an outcome makes of a message.

    Attributes:
        state: the new state.
        next_attempt_at: for `queued`: not before this moment.
        costs_try: whether it counts towards the limit of tries.
        paused: it was not the message that was refused but something wider; several in a row cost tries.
        blocks_seconds: how long the message may hold back later ones of its recipient, from its first failure on.
        keeps_place: whether it stays the head of its order in the lane.
        rest: what else waits, or None.
        code: reason, stable.
        text: reason, in words.
    """

    state: State
    next_attempt_at: datetime | None = None
    costs_try: bool = False
    paused: bool = False
    blocks_seconds: float | None = None
    keeps_place: bool = True
    rest: Rest | None = None
    code: str | None = None
    text: str | None = None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a verdict needs to know of the message: failures so far and age."""

    kind: MessageClass
    tries: int
    lane_refusals: int
    due_since: datetime


def judge(
    outcome: Outcome, trial: Trial, *, retries: Retries, max_age_seconds: float, now: datetime, dice: random.Random
) -> Verdict:
    """What the outcome of an attempt makes of the message (design: refusals have a scope).

    A pause costs the message nothing until it caused `FREE_PAUSES` in a row; from then on each costs a try and the
    message lets another one probe. Nothing permanent is decided here: the provider's table names that.
    """
    if isinstance(outcome, Sent):
        return Verdict(state=State.SENT)
    blocks = HEAD_BLOCK_SECONDS[trial.kind]
    if not isinstance(outcome, Refused):
        return Verdict(state=State.UNKNOWN, blocks_seconds=blocks, code=outcome.code, text=outcome.text)
    if outcome.permanent:
        return Verdict(state=State.FAILED, code=outcome.code, text=outcome.text)
    retry = retries.of(outcome)
    paused = outcome.scope is not Scope.MESSAGE
    patient = paused and trial.lane_refusals + 1 < FREE_PAUSES
    tries = trial.tries + (not patient)
    wait = wait_seconds(outcome, retry, trial.lane_refusals + 1 if paused else tries, dice)
    rest = _rest(outcome, trial.kind, wait, probed=patient)
    if not patient and tries >= retry.tries:
        text = f"{tries} tries; {outcome.text}"
        return Verdict(state=State.DEAD, costs_try=True, rest=rest, code="tries_exhausted", text=text)
    if now - trial.due_since > timedelta(seconds=max_age_seconds):
        return Verdict(state=State.DEAD, costs_try=not patient, rest=rest, code="too_old", text=outcome.text)
    # Where the whole lane is closed, its gate says when; the message stands first behind it.
    first = patient and rest is not None and rest.whole_lane
    later = 0.0 if patient or rest is None else FOLLOW_SECONDS  # another one probes
    return Verdict(
        state=State.QUEUED,
        next_attempt_at=now + timedelta(seconds=0 if first else wait + later),
        costs_try=not patient,
        paused=paused,
        blocks_seconds=blocks,
        keeps_place=patient or rest is None,
        rest=rest,
        code=outcome.code,
        text=outcome.text,
    )


def wait_seconds(refused: Refused, retry: Retry, times: int, dice: random.Random) -> float:
    """How long to wait after so many refusals: the provider's own wish when it has a usable one; never over the cap."""
    wish = refused.retry_after_seconds
    if wish is not None and wish > 0:  # not a number is greater than nothing
        return min(wish, retry.cap_seconds)
    return backoff_seconds(
        times,
        base=retry.base_seconds,
        factor=retry.factor,
        cap=retry.cap_seconds,
        jitter=retry.jitter,
        dice=dice,
    )


def _rest(refused: Refused, kind: MessageClass, seconds: float, *, probed: bool) -> Rest | None:
    """Whom the refusal stops; a template's refusal stops its own messages only, one by one."""
    if refused.scope in (Scope.MESSAGE, Scope.TEMPLATE):
        return None
    classes = refused.classes if kind in refused.classes else frozenset[str]()
    return Rest(scope=refused.scope, classes=classes, seconds=seconds, probed=probed)


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
    try:
        moment = send_at.astimezone(UTC)
    except OverflowError as error:
        raise InvalidError("send_at lies outside the calendar; choose a moment of the next 12 months.") from error
    if moment - now > FARTHEST_SCHEDULE:
        raise InvalidError("send_at is more than 12 months ahead; choose an earlier moment.")
    return moment if moment > now else None
