"""Which remedy a number gets, if any. Pure: the guard rails are here, and every one of them has its test.

A closed number is connected, since Evolution refuses to restart one and answers 200 (contract 2.5); one that connects
for too long, or is open and dead, is restarted; one that is logged out needs a person, and gets a notice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

Remedy = Literal["connect", "restart"]
Step = Literal["wait", "act", "stop", "notice"]

_REMEDIES: Mapping[str, Remedy] = {"disconnected": "connect", "connecting": "restart", "stalled": "restart"}
# How long a state may last before it is mended: most closes mend themselves within seconds.
_PATIENCE_SECONDS: Mapping[str, float] = {"disconnected": 30.0, "connecting": 120.0, "stalled": 10.0}
_NEEDS_A_PERSON: Mapping[str, str] = {
    "logged_out": "a person must scan a new code: anclora instances qr {name}",
    "missing": "make it again, or delete it here: anclora instances create|delete {name}",
}
MOST_FAILURES = 2
_BACK_OFF_SECONDS = 60.0
_HOUR = timedelta(hours=1)
ACT_SECONDS = 60.0
QUIET_SECONDS = 120.0


class Mend(msgspec.Struct, frozen=True, kw_only=True):
    """One remedy that was begun.

    Attributes:
        acted_at: when the provider had been asked; None = it was interrupted before.
        resumed_at: when the lane was let go on.
        result: mended, failed or not_needed; None = not known yet.
    """

    instance: str
    remedy: Remedy
    began_at: datetime
    acted_at: datetime | None = None
    resumed_at: datetime | None = None
    ended_at: datetime | None = None
    result: str | None = None


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """A number as the mender sees it.

    Attributes:
        status: connected, connecting, stalled, disconnected, logged_out or missing.
        since: when it became so.
        stopped: whether the mender gave up on it.
        mends: of this number since a person or a recovery last said to count anew, the newest first.
    """

    name: str
    status: str
    since: datetime
    reason: str | None
    stopped: bool
    mends: Sequence[Mend]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about a number, and why. `remedy` only comes with `act`."""

    step: Step
    why: str
    remedy: Remedy | None = None


def decide(
    patient: Patient, *, busy: str | None, all_in_an_hour: int, per_hour: int, per_hour_all: int, now: datetime
) -> Decision:
    """The next step for a number.

    Args:
        patient: the number.
        busy: what must not be disturbed, in words: a pairing, a deploy.
        all_in_an_hour: remedies of all numbers in the last hour.
        per_hour: remedies one number may get in an hour.
        per_hour_all: that all may get.
        now: the moment.
    """
    remedy = _REMEDIES.get(patient.status)
    if patient.status in _NEEDS_A_PERSON:
        return Decision(step="notice", why=_NEEDS_A_PERSON[patient.status].format(name=patient.name))
    if remedy is None:
        return Decision(step="wait", why="it is well")
    if patient.stopped:
        return Decision(step="wait", why="the mender has stopped")
    failures = failures_of(patient.mends)
    recent = [each for each in patient.mends if each.result != "not_needed" and now - each.began_at < _HOUR]
    reason: str | None = None
    if failures >= MOST_FAILURES:
        reason = f"the mender stopped after {failures} remedies that did not help: a person must look"
    elif len(recent) >= per_hour:
        reason = f"the mender stopped: mended {len(recent)} times in an hour, and it fell again: a person must look"
    if reason is not None:
        return Decision(step="stop", why=reason)
    wait = _wait(patient, failures, busy, now)
    if wait is None and all_in_an_hour >= per_hour_all:
        wait = f"{all_in_an_hour} remedies in an hour are enough for all numbers"
    if wait is not None:
        return Decision(step="wait", why=wait)
    return Decision(step="act", why=patient.reason or patient.status, remedy=remedy)


def _wait(patient: Patient, failures: int, busy: str | None, now: datetime) -> str | None:
    if busy is not None:
        return busy
    patience = _PATIENCE_SECONDS[patient.status]
    if now - patient.since < timedelta(seconds=patience):
        return f"it may mend itself within {patience:.0f} s"
    if not patient.mends:
        return None
    last = patient.mends[0]
    if last.ended_at is None:
        return "its last remedy is being verified"
    back_off = timedelta(seconds=_BACK_OFF_SECONDS * 2**failures)
    return "it rests after its last remedy" if now - last.ended_at < back_off else None


def failures_of(mends: Sequence[Mend]) -> int:
    """How many of the last remedies failed in a row."""
    count = 0
    for each in mends:
        if each.result == "mended":
            break
        count += each.result == "failed"
    return count


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a remedy, in a word (`mended`, `failed`) and in words."""

    result: str
    detail: str


def verify(mend: Mend, *, state: str, against: str | None, acked_at: datetime | None, now: datetime) -> Outcome | None:
    """Whether a remedy helped; None = it is too early to say. Only an acknowledgement, or two quiet minutes, prove it.

    Args:
        mend: the remedy.
        state: the provider's word now.
        against: what the traffic since the remedy says against it.
        acked_at: the last acknowledgement.
        now: the moment.
    """
    late, outcome = timedelta(seconds=ACT_SECONDS), None
    if mend.acted_at is None:
        if now - mend.began_at >= late:
            outcome = Outcome(result="failed", detail="it was interrupted")
    elif state != "open":
        if now - mend.acted_at >= late:
            outcome = Outcome(result="failed", detail=f"it was still {state} {ACT_SECONDS:.0f} s later")
    elif mend.resumed_at is not None:
        if against is not None:
            outcome = Outcome(result="failed", detail=f"it opened, and again {against}")
        elif acked_at is not None and acked_at >= mend.resumed_at:
            outcome = Outcome(result="mended", detail="WhatsApp acknowledges again")
        elif now - mend.resumed_at >= timedelta(seconds=QUIET_SECONDS):
            outcome = Outcome(result="mended", detail="it stays open, and nothing speaks against it")
    return outcome
