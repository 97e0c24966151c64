"""Rows of incidents as values, and the two things every verb writes: a line of the timeline, and one of the trail."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from anclora.audit import record
from anclora.incidents.errors import is_resolved, no_incident
from anclora.incidents.model import Incident, Page, Quiet, State
from anclora.storage.database import Connection, fetch_all, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_COLUMNS = Incident.__struct_fields__
_TEXT_CHARS = 1_000


def incident_of(row: Mapping[str, Any] | None) -> Incident:
    """A row of the table as a value."""
    return msgspec.convert({name: (row or {})[name] for name in _COLUMNS}, Incident)


async def locked(conn: Connection, incident_id: UUID, *, resolved_too: bool = False) -> Incident:
    """An incident, held until the transaction ends.

    Raises:
        NotFoundError: there is none of this id.
        ConflictError: it is over.
    """
    row = await fetch_one(conn, QUERIES["lock_incident"], id=incident_id)
    if row is None:
        raise no_incident(incident_id)
    found = incident_of(row)
    if found.state is State.RESOLVED and not resolved_too:
        raise is_resolved()
    return found


async def happened(
    conn: Connection,
    incident_id: UUID,
    kind: str,
    actor: str,
    text: str,
    *,
    now: datetime,
    audited: bool = True,
    name: str | None = None,
) -> None:
    """A line of the timeline; what somebody or the engine decided is in the audit trail too.

    Args:
        conn: of the caller's transaction.
        incident_id: whose timeline.
        kind: as `Line.kind`.
        actor: for the trail.
        text: for people.
        now: the present moment.
        audited: False = the timeline only.
        name: how people call the actor.
    """
    values = {"incident_id": incident_id, "at": now, "kind": kind, "actor": name or actor}
    await conn.execute(QUERIES["add_line"], values | {"text": text[:_TEXT_CHARS]})
    if audited:
        subject = f"incident:{incident_id}"
        await record(conn, actor=actor, action=f"incident.{kind}", subject=subject, detail={"text": text[:200]})


async def pages_of(conn: Connection, incident: Incident) -> list[Page]:
    """Who was called in the present spell."""
    rows = await fetch_all(conn, QUERIES["read_pages"], id=incident.id)
    return [page_of(row) for row in rows if row["spell"] == incident.spell]


def page_of(row: Mapping[str, Any]) -> Page:
    """A row of `incident_pages` as a value."""
    return msgspec.convert({name: row[name] for name in Page.__struct_fields__}, Page)


async def quiet_since(conn: Connection, since: datetime) -> Sequence[Quiet]:
    """Silences and maintenance windows that were not over then."""
    return [quiet_of(row) for row in await fetch_all(conn, QUERIES["read_silences"], since=since)]


def quiet_of(row: Mapping[str, Any]) -> Quiet:
    """A row of `silences` as a value."""
    return msgspec.convert(row, Quiet)
