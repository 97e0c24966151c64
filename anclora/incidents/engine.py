"""The engine of escalation: looks at what goes on, does what the rules say is due, and says that it lives.

A round may come late, twice, or in several processes: what is due is computed from rows, and each page is a row with a
key. The heartbeat is written only after a round that dealt with everything, so one incident it cannot deal with shows.
"""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from anclora.incidents import metrics
from anclora.incidents.ledger import QUERIES, happened, incident_of, pages_of, quiet_since
from anclora.incidents.model import Incident, State
from anclora.incidents.page import call, trend_of
from anclora.incidents.rules import due_reminders, due_steps
from anclora.incidents.words import Places, acknowledged_notice, reminder_notice, resolved_notice
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.kit.severity import PRESSING, Severity
from anclora.notify import Channels, follow, route
from anclora.oncall import Roster, hours_of, read_roster, targets_of, who
from anclora.storage.database import Connection, Database, fetch_all, fetch_one

log = get_logger(__name__)
_AT_ONCE = 500
HEARTBEAT_SECONDS = 60.0


class Beats(Protocol):
    """Tells somebody outside that we live: `anclora.incidents.heartbeat.Heartbeat`."""

    async def beat(self) -> bool:
        """Say so, once; whether it was heard."""
        ...


class EscalationEngine(Loop):
    """Escalates; safe in several processes at once.

    Args:
        channels: ways to people, of this process.
        beats: tells the outside; None = nobody waits for it.
    """

    name = "escalation"
    chore = "escalation"
    every_seconds = 2.0

    def __init__(
        self, db: Database, channels: Channels, settings: Settings, clock: Clock, beats: Beats | None = None
    ) -> None:
        super().__init__()
        self._db = db
        self._channels = channels
        self._clock = clock
        self._beats = beats
        self._hours = hours_of(settings)
        self._places = Places(settings.grafana_url, settings.public_url, settings.timezone)

    async def run_once(self) -> bool:
        """One round over everything that goes on."""
        now = self._clock.now()
        async with self._db.transaction() as lock:
            mine = await fetch_one(lock, QUERIES["lock_engine"])
            if mine and mine["mine"]:
                await self._round(lock, now)
        await show_last_tick(self._db)
        await self._beat(now)
        return False

    async def _round(self, lock: Connection, now: datetime) -> None:
        """`lock` keeps others out; each incident has a transaction of its own, so that one cannot hold up the rest."""
        roster = await read_roster(lock, self._hours, now)
        failed = 0
        counts = {(severity, state): 0 for severity in PRESSING for state in (State.OPEN, State.ACKNOWLEDGED)}
        for row in await fetch_all(lock, QUERIES["due_ids"], limit=_AT_ONCE):
            try:
                found = await self._look_at(row["id"], roster, now)
            except Exception:  # counted, logged, and without it no tick is written down
                failed += 1
                metrics.FAILURES.inc()
                log.exception("escalation_failed", incident=str(row["id"]))
                continue
            if found is not None and found.state is not State.RESOLVED:
                counts[found.severity, found.state] += 1
        for (severity, state), number in counts.items():
            metrics.OPEN.labels(severity.value, state.value).set(number)
        if not failed:
            await lock.execute(QUERIES["tick"], {"now": now})

    async def _look_at(self, incident_id: UUID, roster: Roster, now: datetime) -> Incident | None:
        async with self._db.transaction() as conn:
            row = await fetch_one(conn, QUERIES["lock_incident"], id=incident_id)
            if row is None:
                return None
            found = incident_of(row)
            quiet = await quiet_since(conn, found.clock_at)
            for step in due_steps(found, await pages_of(conn, found), quiet, roster, now):
                await call(conn, found, step, roster, self._channels, self._places, now)
            reminders = due_reminders(found, quiet, roster, now)
            if reminders > found.reminders:
                await self._remind(conn, found, reminders, roster, now)
            if row["told_state"] != found.state.value:
                await self._follow(conn, found, now)
        return found

    async def _remind(self, conn: Connection, found: Incident, number: int, roster: Roster, now: datetime) -> None:
        """Once, whatever rounds were missed; whoever is on call hears it."""
        trend = await trend_of(conn, found.name, self._places.zone, now)
        notice = reminder_notice(found, number, self._places, now, trend)
        person = found.planned_owner or who(roster, now).primary
        people = targets_of(roster, self._channels, [person] if person else [], Severity.WARNING)
        await route(conn, notice, self._channels.legs(Severity.WARNING, people), now=now)
        await conn.execute(QUERIES["remind"], {"id": found.id, "reminders": number})
        await happened(conn, found.id, "reminded", "escalation", "Reminded: it is not planned.", now=now, audited=False)

    async def _follow(self, conn: Connection, found: Incident, now: datetime) -> None:
        """Whoever heard of it hears how it stands."""
        if found.state is State.ACKNOWLEDGED:
            await follow(conn, acknowledged_notice(found, self._places, now), self._channels, now=now)
        elif found.state is State.RESOLVED:
            await follow(conn, resolved_notice(found, self._places, now), self._channels, now=now)
        await conn.execute(QUERIES["told"], {"id": found.id, "state": found.state.value})

    async def _beat(self, now: datetime) -> None:
        if self._beats is None:
            return
        values = {"now": now, "every_seconds": HEARTBEAT_SECONDS}
        row = await self._db.fetch_one(QUERIES["take_heartbeat"], **values)
        if row is not None:
            heard = await self._beats.beat()
            metrics.HEARTBEATS.labels("heard" if heard else "unheard").inc()


async def show_last_tick(db: Database) -> None:
    """Show when the escalation worked last, in whichever process: a process without an engine must not say "never"."""
    row = await db.fetch_one(QUERIES["last_tick"])
    metrics.LAST_TICK.show_one(row["last_tick_at"].timestamp() if row else None)
