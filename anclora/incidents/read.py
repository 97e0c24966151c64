"""What is wrong, what became of it, and what was changed before."""

from datetime import datetime
from uuid import UUID

import msgspec

from anclora.incidents.action import actions_of
from anclora.incidents.errors import no_incident
from anclora.incidents.ledger import QUERIES, incident_of, page_of
from anclora.incidents.model import Change, Detail, Incident, Line
from anclora.storage.database import Database, fetch_all, fetch_one


async def list_incidents(
    db: Database, *, state: str | None, severity: str | None, name: str | None, before: UUID | None, limit: int
) -> list[Incident]:
    """A page, the newest first. `state` may be `unresolved` too: open or acknowledged."""
    values = {"state": state, "severity": severity, "name": name, "before": before, "limit": limit}
    return [incident_of(row) for row in await db.fetch_all(QUERIES["list_incidents"], **values)]


async def find_incident(db: Database, incident_id: UUID) -> Detail:
    """An incident with its timeline, who was called, and what is to be done about it.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["read_incident"], id=incident_id)
        if row is None:
            raise no_incident(incident_id)
        lines = await fetch_all(conn, QUERIES["read_lines"], id=incident_id)
        pages = await fetch_all(conn, QUERIES["read_pages"], id=incident_id)
        actions = await actions_of(conn, incident_id)
    return Detail(
        incident=incident_of(row),
        timeline=[Line(**line) for line in lines],
        pages=[page_of(page) for page in pages],
        actions=actions,
    )


async def list_changes(db: Database, since: datetime, before: datetime, limit: int) -> list[Change]:
    """What was deployed, set or paused in a span, the newest first."""
    rows = await db.fetch_all(QUERIES["changes_between"], since=since, before=before, limit=limit)
    return [msgspec.convert(row, Change) for row in rows]
