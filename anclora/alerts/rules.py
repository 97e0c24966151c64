"""The patience of alerts. Pure; the clock is passed in.

What was found by one look becomes pending, fires after the time the catalogue says (`for`), is said again now and then,
and is over when it is no longer found: so both watches wake people after the same time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from anclora.alerts.catalogue import find
from anclora.alerts.model import Alert, seconds_of
from anclora.kit.severity import Pressing, Severity

SAY_AGAIN = timedelta(minutes=5)
_MOST_CHARS = 200


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is so now.

    Attributes:
        labels: which occurrence it is.
        level: for what must not get less: a smaller one than before begins the patience anew. 0 = does not matter.
    """

    name: str
    summary: str
    labels: dict[str, str] = {}
    level: float = 0.0

    @property
    def fingerprint(self) -> str:
        """Names the occurrence."""
        return fingerprint(self.name, self.labels)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One look, judged. `unseen` = alerts of which nobody can say anything now."""

    findings: Sequence[Finding]
    unseen: frozenset[str]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is pending or fires, as one source sees it. See the table `alert_states`."""

    fingerprint: str
    source: str
    name: str
    severity: Pressing
    labels: Mapping[str, str]
    summary: str
    level: float
    pending_since: datetime
    firing_since: datetime | None
    told_at: datetime | None
    seen_at: datetime


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a look: rows to keep and to drop, and of these what is to be told."""

    kept: Sequence[State]
    raised: Sequence[State]
    dropped: Sequence[State]


def fingerprint(name: str, labels: Mapping[str, str]) -> str:
    """The name of an occurrence, the same whoever finds it: `AncloraLaneNotDraining{queue=sales}`."""
    told = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return (f"{name}{{{told}}}" if told else name)[:_MOST_CHARS]


def step(states: Sequence[State], judged: Judged, now: datetime, source: str) -> Step:
    """What becomes of each occurrence: it waits out its patience, fires, is said again now and then, or is over.

    What cannot be seen stays as it is: neither over nor older.
    """
    known = {state.fingerprint: state for state in states}
    kept = [_next(known.get(found.fingerprint), found, now, source) for found in judged.findings]
    raised = [state for state in kept if state.told_at == now]
    seen = {state.fingerprint for state in kept}
    gone = [state for state in states if state.fingerprint not in seen and state.name not in judged.unseen]
    return Step(kept=kept, raised=raised, dropped=gone)


def _next(state: State | None, found: Finding, now: datetime, source: str) -> State:
    alert = find(found.name)
    falls = state is not None and state.firing_since is None and found.level < state.level
    since = state.pending_since if state and not falls else now
    patience = timedelta(seconds=seconds_of(alert.for_))
    firing = (state.firing_since if state else None) or (now if now - since >= patience else None)
    told = state.told_at if state else None
    if firing is not None and (told is None or now - told >= SAY_AGAIN):
        told = now
    return State(
        fingerprint=found.fingerprint,
        source=source,
        name=found.name,
        severity=(isinstance(alert, Alert) and alert.severity) or Severity.CRITICAL,
        labels=found.labels,
        summary=found.summary,
        level=found.level,
        pending_since=since,
        firing_since=firing,
        told_at=told,
        seen_at=now,
    )
