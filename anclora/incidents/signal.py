"""Signals become incidents: one per thing that is wrong, however often and by how many it is said.

Nobody is called here: the engine does, within seconds, by rules. So whoever signals waits for one short transaction.
"""

from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from anclora.incidents import metrics
from anclora.incidents.ledger import QUERIES, happened, incident_of
from anclora.incidents.model import Incident, Signal
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError
from anclora.kit.ids import id_at
from anclora.kit.logging import get_logger
from anclora.kit.severity import Severity
from anclora.storage.database import Connection, Database, fetch_one

log = get_logger(__name__)
RETURNS_WITHIN = timedelta(minutes=10)
WORD_CHARS = 200
LINE_CHARS = 500
MOST_LABELS = 40


async def raise_signal(db: Database, signal: Signal, *, clock: Clock) -> Incident | None:
    """Say that something is wrong, as often as one likes; one that has an end is taken as the end.

    Returns:
        the incident; None when a signal that is over belongs to none.

    Raises:
        InvalidError: a word is missing or too long.
    """
    if signal.ends_at is not None:
        return await clear_signal(db, signal.fingerprint, clock=clock, ended_at=signal.ends_at)
    check_signal(signal)
    async with db.transaction() as conn:
        return await raised(conn, signal, clock.now())


async def clear_signal(
    db: Database, fingerprint: str, *, clock: Clock, ended_at: datetime | None = None
) -> Incident | None:
    """Say that it is over, which resolves its incident; None when there was none."""
    async with db.transaction() as conn:
        return await cleared(conn, fingerprint, clock.now(), ended_at)


async def raised(conn: Connection, signal: Signal, now: datetime) -> Incident:
    """The same as `raise_signal` in the caller's transaction; the signal has no end and was checked."""
    await conn.execute(QUERIES["lock_fingerprint"], {"fingerprint": signal.fingerprint})
    row = await fetch_one(conn, QUERIES["find_open"], fingerprint=signal.fingerprint)
    if row is None:
        return await _returned_or_new(conn, signal, now)
    words = {"summary": signal.summary, "labels": Jsonb(dict(signal.labels)), "now": now, "id": row["id"]}
    row = await fetch_one(conn, QUERIES["say_again"], **words)
    found = incident_of(row)
    if signal.severity is Severity.CRITICAL and found.severity is Severity.WARNING:
        found = incident_of(await fetch_one(conn, QUERIES["make_critical"], id=found.id, now=now))
        await happened(conn, found.id, "critical", signal.source, f"Critical now: {signal.summary}", now=now)
        log.warning("incident_critical", incident=str(found.id), alert=signal.name)
    return found


async def cleared(conn: Connection, fingerprint: str, now: datetime, ended_at: datetime | None) -> Incident | None:
    """The same as `clear_signal` in the caller's transaction."""
    await conn.execute(QUERIES["lock_fingerprint"], {"fingerprint": fingerprint})
    row = await fetch_one(conn, QUERIES["find_open"], fingerprint=fingerprint)
    if row is None:
        return None
    ended = min(max(ended_at or now, row["starts_at"]), now)
    row = await fetch_one(conn, QUERIES["resolve"], id=row["id"], now=now, by="signal", cleared_at=ended)
    found = incident_of(row)
    await happened(conn, found.id, "cleared", found.source, "The signal ended.", now=ended, audited=False)
    await happened(conn, found.id, "resolved", "signal", "Resolved, since its signal ended.", now=now)
    log.info("incident_resolved", incident=str(found.id), alert=found.name, by="signal")
    return found


async def _returned_or_new(conn: Connection, signal: Signal, now: datetime) -> Incident:
    since = now - RETURNS_WITHIN
    row = await fetch_one(conn, QUERIES["find_returned"], fingerprint=signal.fingerprint, since=since)
    if row is not None and not (signal.severity is Severity.CRITICAL and row["severity"] == "warning"):
        found = incident_of(await fetch_one(conn, QUERIES["return_incident"], id=row["id"], now=now))
        text = f"It came back; {found.acknowledged_by} has it still."
        await happened(conn, found.id, "returned", signal.source, text, now=now)
        return found
    values: dict[str, Any] = {name: getattr(signal, name) for name in ("fingerprint", "name", "summary", "source")}
    values |= {"id": id_at(now), "severity": signal.severity.value, "labels": Jsonb(dict(signal.labels)), "now": now}
    values |= {"runbook_url": signal.runbook_url, "dashboard": signal.dashboard}
    row = await fetch_one(conn, QUERIES["open_incident"], **values, starts_at=min(signal.starts_at, now))
    found = incident_of(row)
    await happened(conn, found.id, "opened", signal.source, signal.summary, now=now)
    metrics.OPENED.labels(signal.severity.value).inc()
    log.warning("incident_opened", incident=str(found.id), alert=signal.name, severity=signal.severity.value)
    return found


def check_signal(signal: Signal) -> None:
    """Refuse what cannot be stored or told.

    Raises:
        InvalidError: with the sentence that says what is wrong.
    """
    words = [signal.fingerprint, signal.name, signal.source, *signal.labels, *signal.labels.values()]
    wrong = None
    if not all(each.strip() for each in (signal.fingerprint, signal.name, signal.source, signal.summary)):
        wrong = "fingerprint, name, source and summary are needed"
    elif len(signal.labels) > MOST_LABELS or not all(len(each) <= WORD_CHARS and _is_line(each) for each in words):
        wrong = f"names and labels are one line of up to {WORD_CHARS} printable characters, at most {MOST_LABELS}"
    elif len(signal.summary) > LINE_CHARS or not _is_line(signal.summary):
        wrong = f"a summary is one line of up to {LINE_CHARS} printable characters"
    elif signal.starts_at.tzinfo is None:
        wrong = "starts_at needs its zone"
    if wrong:
        raise InvalidError(f"This is no signal: {wrong}.", code="invalid_signal")


def _is_line(text: str) -> bool:
    return text.isprintable() or not text
