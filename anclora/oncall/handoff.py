"""A shift passes from one person to the next: noted by the one, accepted by the other."""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from anclora.audit import record
from anclora.kit.clock import Clock
from anclora.kit.errors import ConflictError, InvalidError
from anclora.oncall.document import Facts, handoff_document
from anclora.oncall.errors import no_handoff
from anclora.oncall.model import Handoff, Hours
from anclora.oncall.roster import QUERIES
from anclora.storage.database import Connection, Database, fetch_one

COMING = timedelta(days=1)
NOTES_CHARS = 5_000


class Gathers(Protocol):
    """Says what the next person has to know; a room above does, since it knows incidents and changes."""

    async def __call__(self, conn: Connection, hours: Hours, since: datetime, now: datetime) -> Facts:
        """The facts of the shift that began at `since`."""
        ...


class Alarm(Protocol):
    """Says that nobody took a shift, and that it is over; a room above does, by an incident."""

    async def late(self, conn: Connection, handoff: Handoff, now: datetime) -> None:
        """It is late. Saying it again changes nothing."""
        ...

    async def settled(self, conn: Connection, handoff: Handoff, now: datetime) -> None:
        """It is over."""
        ...


class HandoffView(msgspec.Struct, frozen=True, kw_only=True):
    """The hand-off that is coming or was the last.

    Attributes:
        state: `coming`, `waiting` (due and not accepted: `from_person` is responsible) or `accepted`.
        document: as it was posted, or, before that, as it would be now.
    """

    at: datetime
    state: str
    from_person: str
    to_person: str
    document: str
    posted_at: datetime | None
    accepted_at: datetime | None
    accepted_by: str | None


async def show_handoff(db: Database, gathers: Gathers, hours: Hours, now: datetime) -> HandoffView:
    """The hand-off that is coming within a day, or the last one.

    Raises:
        NotFoundError: there is none.
    """
    async with db.transaction() as conn:
        found = await _locked(conn, now)
        document = found.document or await draft(conn, found, gathers, hours, now)
    return _view(found, document, now)


async def draft(conn: Connection, handoff: Handoff, gathers: Gathers, hours: Hours, now: datetime) -> str:
    """The document as it would be posted now; the shift it tells of began a week before."""
    facts = await gathers(conn, hours, handoff.at - timedelta(days=7), now)
    return handoff_document(handoff.at, hours.zone, handoff.from_person, handoff.to_person, facts, handoff.notes)


async def note(db: Database, notes: str, *, clock: Clock, actor: str) -> Handoff:
    """What the one before adds, until the document is posted; it replaces what was noted before.

    Raises:
        InvalidError: it is too long.
        NotFoundError: no hand-off is coming within a day.
        ConflictError: the document is out.
    """
    if len(notes) > NOTES_CHARS or "\0" in notes or not _is_text(notes):
        raise InvalidError(f"Notes have up to {NOTES_CHARS} characters.", code="invalid_text")
    now = clock.now()
    async with db.transaction() as conn:
        found = await _locked(conn, now)
        if found.posted_at is not None:
            raise ConflictError("The document is posted; tell the next person yourself.", code="handoff_posted")
        await conn.execute(QUERIES["note_handoff"], {"id": found.id, "notes": notes})
        await record(conn, actor=actor, action="oncall.note", subject=f"oncall:{found.id}")
    return msgspec.structs.replace(found, notes=notes)


async def accept(db: Database, person: str, *, clock: Clock, actor: str) -> Handoff:
    """The next person takes the shift, at once or, before it is due, when it is. Doing so again changes nothing.

    Raises:
        NotFoundError: no hand-off is coming within a day or waits.
        ConflictError: it is somebody else's turn.
    """
    now = clock.now()
    async with db.transaction() as conn:
        found = await _locked(conn, now)
        if person != found.to_person:
            raise ConflictError(
                f"The shift passes to {found.to_person}, who has to accept it. If somebody else takes it, set an "
                "override: anclora oncall override",
                code="not_your_turn",
            )
        if found.accepted_at is not None:
            return found
        await conn.execute(QUERIES["accept_handoff"], {"id": found.id, "now": now, "actor": actor})
        detail = {"person": person, "at": found.at.isoformat()}
        await record(conn, actor=actor, action="oncall.accept", subject=f"oncall:{found.id}", detail=detail)
    return msgspec.structs.replace(found, accepted_at=now, accepted_by=actor)


def _view(handoff: Handoff, document: str, now: datetime) -> HandoffView:
    state = "accepted" if handoff.accepted_at else "coming" if handoff.at > now else "waiting"
    return HandoffView(
        at=handoff.at,
        state=state,
        from_person=handoff.from_person,
        to_person=handoff.to_person,
        document=document,
        posted_at=handoff.posted_at,
        accepted_at=handoff.accepted_at,
        accepted_by=handoff.accepted_by,
    )


async def _locked(conn: Connection, now: datetime) -> Handoff:
    row = await fetch_one(conn, QUERIES["lock_handoff"], now=now)
    if row is None:
        raise no_handoff()
    return Handoff(**row)


def _is_text(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)
