"""Times in which nobody is called: silences of what is known, and maintenance. Bounded, and somebody answers for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from anclora.audit import record
from anclora.incidents.errors import no_silence
from anclora.incidents.ledger import QUERIES, happened, locked, quiet_of
from anclora.incidents.model import Quiet
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError
from anclora.kit.ids import id_at
from anclora.storage.database import Connection, Database, fetch_one

SILENCE, MAINTENANCE = "silence", "maintenance"
LONGEST: Mapping[str, timedelta] = {SILENCE: timedelta(days=7), MAINTENANCE: timedelta(days=3)}
_AHEAD = timedelta(days=90)
_WORD_CHARS = 200
_REASON_CHARS = 300
_MOST_MATCHES = 10


async def silence(
    db: Database,
    kind: str,
    matches: Mapping[str, str],
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    *,
    clock: Clock,
    actor: str,
    author: str,
) -> Quiet:
    """Call nobody for what fits, for a while; it is written down all the same.

    Args:
        db: the ledger.
        kind: `silence`, at most 7 days and of something named, or `maintenance`, at most 3 days.
        matches: as `Quiet.matches`.
        starts_at: from when on; one that is over counts as now.
        ends_at: until when.
        reason: for whoever wonders.
        clock: tells the time.
        actor: who answers for it, in the audit trail.
        author: how people call whoever that is.

    Raises:
        InvalidError: it has no bounds, no reason, or nothing it is about.
    """
    now = clock.now()
    starts_at, reason = max(starts_at, now), " ".join(reason.split())
    _check(kind, matches, starts_at, ends_at, reason, now)
    async with db.transaction() as conn:
        return await _add(conn, kind, matches, starts_at, ends_at, reason, now, actor, author)


async def silence_incident(
    db: Database, incident_id: UUID, seconds: float, reason: str, *, clock: Clock, actor: str, author: str
) -> Quiet:
    """Call nobody about one incident, and about what comes back of it, for so long. Both clocks stand still.

    Raises:
        InvalidError: as `silence`.
        NotFoundError: there is no such incident.
        ConflictError: it is over.
    """
    now, reason = clock.now(), " ".join(reason.split())
    ends_at = now + timedelta(seconds=seconds)
    async with db.transaction() as conn:
        found = await locked(conn, incident_id)
        matches = {"fingerprint": found.fingerprint}
        _check(SILENCE, matches, now, ends_at, reason, now)
        text = f"Silent until {ends_at:%Y-%m-%d %H:%M} UTC: {reason}"
        await happened(conn, found.id, "silenced", actor, text, now=now, audited=False, name=author)
        return await _add(conn, SILENCE, matches, now, ends_at, reason, now, actor, author)


async def end_silence(db: Database, silence_id: UUID, *, clock: Clock, actor: str) -> Quiet:
    """End one early: the clocks run on from where they stood.

    Raises:
        NotFoundError: none of this id goes on or is coming.
    """
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["end_silence"], id=silence_id, now=clock.now())
        if row is None:
            raise no_silence(silence_id)
        await record(conn, actor=actor, action="incident.silence_ended", subject=f"silence:{silence_id}")
    return quiet_of(row)


async def current_silences(db: Database, now: datetime) -> list[Quiet]:
    """Those that go on or are coming, in order."""
    return [quiet_of(row) for row in await db.fetch_all(QUERIES["read_silences"], since=now)]


async def _add(
    conn: Connection,
    kind: str,
    matches: Mapping[str, str],
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    now: datetime,
    actor: str,
    author: str,
) -> Quiet:
    values = {"id": id_at(now), "kind": kind, "matches": Jsonb(dict(matches)), "starts_at": starts_at}
    values |= {"ends_at": ends_at, "author": author, "reason": reason, "now": now}
    found = quiet_of(await fetch_one(conn, QUERIES["add_silence"], **values) or {})
    detail = {"matches": dict(matches), "until": ends_at.isoformat(), "reason": reason}
    await record(conn, actor=actor, action=f"incident.{kind}", subject=f"silence:{found.id}", detail=detail)
    return found


def _check(
    kind: str, matches: Mapping[str, str], starts_at: datetime, ends_at: datetime, reason: str, now: datetime
) -> None:
    words = [*matches, *matches.values()]
    wrong = None
    if kind not in LONGEST:
        wrong = f"there is no kind {kind[:30]!r}; choose silence or maintenance"
    elif not matches and kind == SILENCE:
        wrong = "say what it is about, for example name=AncloraLaneNotDraining; only maintenance is about everything"
    elif len(matches) > _MOST_MATCHES or not all(0 < len(each) <= _WORD_CHARS and each.isprintable() for each in words):
        wrong = f"it matches up to {_MOST_MATCHES} labels, in printable words"
    elif not timedelta() < ends_at - starts_at <= LONGEST[kind]:
        wrong = f"a {kind} ends after it begins, within {LONGEST[kind].days} days"
    elif starts_at > now + _AHEAD:
        wrong = f"it begins within {_AHEAD.days} days"
    elif not 0 < len(reason) <= _REASON_CHARS or not reason.isprintable():
        wrong = f"say why, in 1 to {_REASON_CHARS} printable characters"
    if wrong:
        raise InvalidError(f"This cannot be silenced: {wrong}.", code="invalid_silence")
