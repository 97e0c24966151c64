"""Actions of a post-mortem: what was learnt is to be done by somebody until a day, and is named until it is done."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from anclora.incidents.errors import no_action, too_many_actions
from anclora.incidents.ledger import QUERIES, happened, locked
from anclora.incidents.model import ActionItem
from anclora.kit.clock import Clock, business_date
from anclora.kit.errors import InvalidError
from anclora.kit.ids import id_at
from anclora.storage.database import Connection, Database, fetch_all, fetch_one

_TEXT_CHARS = 300
_OWNER_CHARS = 60
_MOST = 50  # of one incident
_MOST_OVERDUE = 20


async def add_action(
    db: Database,
    incident_id: UUID,
    text: str,
    owner: str,
    due_on: date,
    *,
    clock: Clock,
    zone: str,
    actor: str,
    name: str,
) -> ActionItem:
    """Write down what is to be done, also of an incident that is over.

    Args:
        db: the ledger.
        incident_id: what it was learnt from.
        text: what to do.
        owner: who does it.
        due_on: until the end of this business day.
        clock: tells the time.
        zone: of the business.
        actor: who says so, for the audit trail.
        name: how people call whoever that is.

    Raises:
        InvalidError: nothing is to be done, nobody is named, or the day is over.
        NotFoundError: there is no such incident.
        ConflictError: it has too many.
    """
    now = clock.now()
    text, owner = _line(text, "What is to be done", _TEXT_CHARS), _line(owner, "Who does it", _OWNER_CHARS)
    if due_on < business_date(now, zone):
        raise InvalidError(f"{due_on} is over; choose today or a day to come.", code="day_is_over")
    action_id = id_at(now)
    values = {"id": action_id, "incident_id": incident_id, "text": text, "owner": owner, "due_on": due_on}
    async with db.transaction() as conn:
        await locked(conn, incident_id, resolved_too=True)
        if len(await actions_of(conn, incident_id)) >= _MOST:
            raise too_many_actions(_MOST)
        await conn.execute(QUERIES["add_action"], values | {"now": now, "by": name})
        said = f"{owner} is to do until {due_on}: {text}"
        await happened(conn, incident_id, "action", actor, said, now=now, name=name)
        return await _read(conn, action_id)


async def finish_action(db: Database, action_id: UUID, *, clock: Clock, actor: str, name: str) -> ActionItem:
    """Say that it is done; saying it again changes nothing.

    Raises:
        NotFoundError: there is no such action.
    """
    now = clock.now()
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["lock_action"], id=action_id)
        if row is None:
            raise no_action(action_id)
        found = await _read(conn, action_id)
        if found.done_at is None:
            await conn.execute(QUERIES["finish_action"], {"id": action_id, "now": now, "by": name})
            await happened(conn, found.incident_id, "action_done", actor, f"Done: {found.text}", now=now, name=name)
            found = await _read(conn, action_id)
    return found


async def list_actions(db: Database, state: str | None, today: date, limit: int) -> list[ActionItem]:
    """A page, the first due first; `state` is `open`, `overdue` (by the end of yesterday), `done` or None for all."""
    rows = await db.fetch_all(QUERIES["list_actions"], state=state, today=today, limit=limit)
    return [msgspec.convert(row, ActionItem) for row in rows]


async def actions_of(conn: Connection, incident_id: UUID) -> list[ActionItem]:
    """All of an incident, the first due first."""
    rows = await fetch_all(conn, QUERIES["actions_of"], incident_id=incident_id)
    return [msgspec.convert(row, ActionItem) for row in rows]


async def overdue_actions(conn: Connection, at: datetime, zone: str) -> list[ActionItem]:
    """Those whose day was over at a moment and that were not done then; the longest overdue first, 20 at most."""
    values = {"at": at, "today": business_date(at, zone), "limit": _MOST_OVERDUE}
    return [msgspec.convert(row, ActionItem) for row in await fetch_all(conn, QUERIES["overdue_by"], **values)]


async def _read(conn: Connection, action_id: UUID) -> ActionItem:
    return msgspec.convert(await fetch_one(conn, QUERIES["read_action"], id=action_id), ActionItem)


def _line(text: str, what: str, most_chars: int) -> str:
    text = " ".join(text.split())
    if not 0 < len(text) <= most_chars or not text.isprintable():
        raise InvalidError(f"{what} has 1 to {most_chars} printable characters.", code="invalid_text")
    return text
