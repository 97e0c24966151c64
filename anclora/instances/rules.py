"""Decisions about numbers. Pure functions of values; the clock is passed in.

`connected` means that messages flow. A number may say it is open and be dead (Evolution API issues 1398, 2403), so its
own word is only the first of four: acknowledgements in time, no "Connection Closed", and not silent when people usually
write. Whatever was seen before the connection last opened, or was last mended, says nothing any more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

# Several messages without an acknowledgement prove it sooner than one, whose own may be lost (contract 6.3).
SEVERAL = 3
SEVERAL_SECONDS, ONE_SECONDS = 60.0, 90.0
# Evidence older than this has gone out of the window that is read.
WINDOW_SECONDS = 180.0
CLOSED_CODES = ("connection_closed", "never_connected")
_CLOSED_SECONDS = 300.0
_WEEKS = 3
_USUAL = 10

SETTLED_SECONDS = 30.0
FLAPPING_SECONDS = 300.0
FLAPPING_CHANGES = 5
_AT_ONCE = ("logged_out", "missing")


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a number that says it is open.

    Attributes:
        stalled_since: since when it is judged not to be, if it is.
        stalled_reason: why.
        opened_at: when it last opened.
        trusted_since: the same, or when it was last mended: what was seen before says nothing.
        mending: whether a remedy is being verified.
        acked_at: when WhatsApp last acknowledged a message; None = never: then missing ones say nothing.
        unacked: messages that wait for one, sent after the last that got it.
        unacked_since: when the first of them was sent.
        closed_at: when a request was last answered that the connection is closed.
        usual: messages it got in these two hours of the weeks before, as far as they are known.
        inbound: messages it got in the last two whole hours; None = not known.
    """

    name: str
    state: str
    stalled_since: datetime | None
    stalled_reason: str | None
    opened_at: datetime
    trusted_since: datetime
    mending: bool
    acked_at: datetime | None
    unacked: int
    unacked_since: datetime | None
    closed_at: datetime | None
    usual: Sequence[int] = ()
    inbound: int | None = None


def judge(found: Evidence, now: datetime) -> str | None:
    """Why a number that says it is open is not, in words; None = nothing speaks against it.

    A judgement stays until the opposite is seen: an acknowledgement, a connection that opened anew by itself, or a
    remedy that was verified.
    """
    reason = accuse(found, now)
    if reason is not None or found.stalled_since is None:
        return reason
    if found.mending:
        return found.stalled_reason
    heard = found.acked_at is not None and found.acked_at > found.stalled_since
    return None if heard or found.opened_at > found.stalled_since else found.stalled_reason


def accuse(found: Evidence, now: datetime) -> str | None:
    """What speaks against a number now, whatever was judged before."""
    return _unacknowledged(found, now) or _closed(found, now) or _silent(found, now)


def _unacknowledged(found: Evidence, now: datetime) -> str | None:
    if not found.unacked or found.unacked_since is None or found.acked_at is None:
        return None
    waits = (now - found.unacked_since).total_seconds()
    if waits < (SEVERAL_SECONDS if found.unacked >= SEVERAL else ONE_SECONDS):
        return None
    what = "a message was" if found.unacked == 1 else f"{found.unacked} messages were"
    return f"{what} not acknowledged by WhatsApp"


def _closed(found: Evidence, now: datetime) -> str | None:
    at = found.closed_at
    if at is None or at < found.trusted_since or now - at > timedelta(seconds=_CLOSED_SECONDS):
        return None
    if found.acked_at is not None and found.acked_at > at:
        return None
    return "the server answers that the connection is closed"


def _silent(found: Evidence, now: datetime) -> str | None:
    """Two whole hours without a word, where each of at least three weeks had ten: no accident, and no holiday."""
    if found.inbound != 0 or len(found.usual) < _WEEKS or min(found.usual) < _USUAL:
        return None
    if now - found.trusted_since < timedelta(hours=2):
        return None
    usual = sorted(found.usual)[len(found.usual) // 2]
    return f"nobody was heard for two hours, where {usual} messages are usual"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a number since integrators were last told.

    Attributes:
        status: its word now.
        told: the word they know, since `told_at`.
        reason: of the last change.
        changes: how often the word changed since.
        first_at: when it first did.
        changed_at: when it last did.
    """

    name: str
    status: str
    told: str
    told_at: datetime
    reason: str | None
    changes: int
    first_at: datetime | None
    changed_at: datetime | None


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What integrators are told of a number; without a `data` nothing, and what went before is forgotten."""

    name: str
    status: str
    data: Mapping[str, object] | None


def news_of(change: Change, now: datetime) -> News | None:
    """One event for a whole row of changes: told when the word has settled, or when it does not for five minutes.

    An end that needs a person is told at once. A short break that is over is not told at all, unless it is one of many.
    """
    settled = change.changed_at is None or now - change.changed_at >= timedelta(seconds=SETTLED_SECONDS)
    restless = change.first_at is not None and now - change.first_at >= timedelta(seconds=FLAPPING_SECONDS)
    many = change.changes >= FLAPPING_CHANGES
    same = change.status == change.told
    if not (settled or (restless and many) or (change.status in _AT_ONCE and not same)):
        return None
    if same and not many:
        return News(name=change.name, status=change.status, data=None)
    data = {
        "status": change.status,
        "was": change.told,
        "reason": change.reason,
        "changes": change.changes,
        "flapping": many and not settled,
    }
    return News(name=change.name, status=change.status, data=data)
