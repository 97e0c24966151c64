"""What people do about an incident: acknowledge, escalate, plan, note, resolve. Each is audited and in the timeline."""

from datetime import date, datetime
from uuid import UUID

from anclora.incidents import metrics
from anclora.incidents.errors import nobody_left
from anclora.incidents.ledger import QUERIES, happened, incident_of, locked, pages_of, quiet_since
from anclora.incidents.model import Incident, State
from anclora.incidents.page import call
from anclora.incidents.rules import Step, ack_seconds, next_step
from anclora.incidents.words import Places, spelled
from anclora.kit.clock import Clock, business_date
from anclora.kit.errors import InvalidError
from anclora.kit.settings import Settings
from anclora.notify import Channels
from anclora.oncall import hours_of, read_roster
from anclora.storage.database import Connection, Database, fetch_one

_NOTE_CHARS = 1_000


class Desk:
    """Acts on incidents for one actor.

    Args:
        db: the ledger.
        channels: ways to people, of this process.
        settings: say when business hours are, and where links go.
        clock: tells the time.
        actor: `key:<id>`, `slack:<name>`: who answers for it, in the audit trail.
        name: how people call whoever that is.
    """

    def __init__(
        self, db: Database, channels: Channels, settings: Settings, clock: Clock, actor: str, name: str
    ) -> None:
        self._db = db
        self._channels = channels
        self._hours = hours_of(settings)
        self._places = Places(settings.grafana_url, settings.public_url, settings.timezone)
        self._clock = clock
        self._actor = actor
        self._name = name

    async def acknowledge(self, incident_id: UUID, person: str | None = None) -> Incident:
        """Take it: the acknowledgement clock stops, the other one runs on. Whoever took it first has it.

        Raises:
            NotFoundError: there is no such incident.
            ConflictError: it is over.
        """
        now = self._clock.now()
        async with self._db.transaction() as conn:
            found = await locked(conn, incident_id)
            return await self._take(conn, found, person or self._name, now) if found.state is State.OPEN else found

    async def escalate(self, incident_id: UUID) -> Step:
        """Call the next level now, whatever the clocks say; who that is.

        Raises:
            NotFoundError: there is no such incident.
            ConflictError: it is over, or everybody was called.
        """
        now = self._clock.now()
        async with self._db.transaction() as conn:
            found = await locked(conn, incident_id)
            roster = await read_roster(conn, self._hours, now)
            step = next_step(await pages_of(conn, found), roster, now)
            if step is None:
                raise nobody_left()
            await self._happened(conn, found.id, "escalated", f"Escalated to {step.person} by hand.", now=now)
            await call(conn, found, step, roster, self._channels, self._places, now)
        return step

    async def plan(self, incident_id: UUID, day: date, owner: str) -> Incident:
        """Say when it will be mended and by whom, which also takes it; reminders end until that day is over.

        Raises:
            InvalidError: the day is over, or nobody is named.
            NotFoundError: there is no such incident.
            ConflictError: it is over.
        """
        now, owner = self._clock.now(), " ".join(owner.split())
        if not 0 < len(owner) <= 60 or not owner.isprintable():
            raise InvalidError("Say who will do it: 1 to 60 printable characters.", code="invalid_text")
        if day < business_date(now, self._hours.zone):
            raise InvalidError(f"{day} is over; choose today or a day to come.", code="day_is_over")
        async with self._db.transaction() as conn:
            found = await locked(conn, incident_id)
            if found.state is State.OPEN:
                await self._take(conn, found, owner, now)
            row = await fetch_one(conn, QUERIES["plan"], id=found.id, planned_for=day, owner=owner)
            await self._happened(conn, found.id, "planned", f"Planned for {day}, by {owner}.", now=now)
        return incident_of(row)

    async def note(self, incident_id: UUID, text: str) -> Incident:
        """A line of the timeline, also of an incident that is over.

        Raises:
            InvalidError: there is no text, or too much.
            NotFoundError: there is no such incident.
        """
        text = " ".join(text.split())
        if not 0 < len(text) <= _NOTE_CHARS or not text.isprintable():
            raise InvalidError(f"A note has 1 to {_NOTE_CHARS} printable characters.", code="invalid_text")
        async with self._db.transaction() as conn:
            found = await locked(conn, incident_id, resolved_too=True)
            await self._happened(conn, found.id, "note", text, now=self._clock.now())
        return found

    async def resolve(self, incident_id: UUID, text: str = "") -> Incident:
        """End it. Its signal opens another one if it goes on; resolving again changes nothing.

        Raises:
            NotFoundError: there is no such incident.
        """
        now = self._clock.now()
        async with self._db.transaction() as conn:
            found = await locked(conn, incident_id, resolved_too=True)
            if found.state is State.RESOLVED:
                return found
            row = await fetch_one(
                conn, QUERIES["resolve"], id=found.id, now=now, by=self._name, cleared_at=found.cleared_at
            )
            said = f"Resolved: {' '.join(text.split())[:300]}" if text.strip() else "Resolved."
            await self._happened(conn, found.id, "resolved", said, now=now)
        return incident_of(row)

    async def _happened(self, conn: Connection, incident_id: UUID, kind: str, text: str, *, now: datetime) -> None:
        await happened(conn, incident_id, kind, self._actor, text, now=now, name=self._name)

    async def _take(self, conn: Connection, found: Incident, person: str, now: datetime) -> Incident:
        roster = await read_roster(conn, self._hours, now)
        seconds = ack_seconds(found, await quiet_since(conn, found.clock_at), roster, now)
        row = await fetch_one(conn, QUERIES["acknowledge"], id=found.id, now=now, by=person, ack_seconds=seconds)
        text = f"{person} has it, after {spelled(seconds)}."
        await self._happened(conn, found.id, "acknowledged", text, now=now)
        metrics.ACK_SECONDS.labels(found.severity.value).observe(seconds)
        return incident_of(row)
