"""Hand-offs happen by themselves: prepared a day before, posted when they are due, and complained about when late."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from anclora.kit.clock import Clock
from anclora.kit.ids import new_id
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.kit.severity import Severity
from anclora.notify import Channels, Notice, route
from anclora.oncall import metrics
from anclora.oncall.document import local
from anclora.oncall.handoff import COMING, Alarm, Gathers, draft
from anclora.oncall.lint import lint
from anclora.oncall.model import Handoff, Layer, Roster
from anclora.oncall.roster import QUERIES, hours_of, read_roster
from anclora.oncall.rules import handoffs_between, scheduled, uncovered_seconds, who
from anclora.storage.database import Connection, Database, fetch_one

log = get_logger(__name__)
LATE_AFTER = timedelta(minutes=30)  # handed over at ten, complained about at half past
_MISSED = timedelta(days=7)
_ROOMS = frozenset({"slack"})
_INSTANT = timedelta(microseconds=1)
_KINDS = ("gap", "no_backup", "double", "in_a_row", "away", "holiday", "unreachable", "no_lead", "no_cto")


class HandoffKeeper(Loop):
    """Keeps hand-offs and the figures of the roster; safe in several processes at once.

    Args:
        gathers: says what the next person has to know.
        alarm: says that nobody took a shift.
    """

    name = "oncall_handoffs"
    chore = "oncall-handoff"
    every_seconds = 15.0

    def __init__(
        self, db: Database, channels: Channels, gathers: Gathers, alarm: Alarm, settings: Settings, clock: Clock
    ) -> None:
        super().__init__()
        self._db = db
        self._channels = channels
        self._gathers = gathers
        self._alarm = alarm
        self._clock = clock
        self._hours = hours_of(settings)

    async def run_once(self) -> bool:
        """Do what is due."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            roster = await read_roster(conn, self._hours, now)
            self._measure(roster, now)
            mine = await fetch_one(conn, QUERIES["lock_keeper"])
            if not mine or not mine["mine"]:
                return False
            await self._prepare(conn, roster, now)
            roster = await read_roster(conn, self._hours, now)
            newest = max((each.at for each in roster.handoffs if each.at <= now), default=None)
            for handoff in roster.handoffs:
                await self._post(conn, roster, handoff, now)
                await self._watch(conn, handoff, now, is_newest=handoff.at == newest)
        return False

    def _measure(self, roster: Roster, now: datetime) -> None:
        metrics.UNCOVERED_SECONDS.set(uncovered_seconds(roster, now, 7) if roster.rotations else 0.0)
        found = [each.kind for each in lint(roster, now, self._channels)] if roster.rotations else []
        for kind in _KINDS:
            metrics.FINDINGS.labels(kind).set(found.count(kind))
        waiting = who(roster, now).waiting
        metrics.HANDOFF_WAITING_SECONDS.set((now - waiting.at).total_seconds() if waiting else 0.0)

    async def _prepare(self, conn: Connection, roster: Roster, now: datetime) -> None:
        """A row for each hand-off of the day ahead, and for those nobody was there to prepare."""
        known = {each.at: each for each in roster.handoffs}
        settled = max((each.at for each in roster.handoffs if each.posted_at), default=None)
        since = now - _MISSED if settled is None else max(settled, now - _MISSED)
        moments = set(handoffs_between(roster, since, now + COMING))
        for at in sorted(moments | {each for each in known if each > since}):
            before, after = who(roster, at - _INSTANT).primary, scheduled(roster, Layer.PRIMARY, at)
            if at in moments and before and after and before != after:
                values = {"id": new_id(), "at": at, "from_person": before, "to_person": after, "now": now}
                await conn.execute(QUERIES["begin_handoff"], values)
            elif at in known:
                await fetch_one(conn, QUERIES["drop_handoff"], at=at)

    async def _post(self, conn: Connection, roster: Roster, handoff: Handoff, now: datetime) -> None:
        if handoff.posted_at is not None or handoff.at > now:
            return
        document = await draft(conn, handoff, self._gathers, self._hours, now)
        when = local(handoff.at, self._hours.zone)
        notice = Notice(
            title=f"On-call passes from {handoff.from_person} to {handoff.to_person}, {when}",
            text=f"{handoff.to_person}: accept it with  anclora oncall accept --as '{handoff.to_person}'\n\n{document}",
            key=f"oncall:handoff:{handoff.id}",
            severity=Severity.INFO,
        )
        people = (handoff.from_person, handoff.to_person)
        ways = targets_of(roster, self._channels, people, Severity.INFO)
        await route(conn, notice, self._channels.legs(Severity.INFO, ways), now=now)
        await conn.execute(QUERIES["post_handoff"], {"id": handoff.id, "document": document, "now": now})
        log.info("handoff_posted", at=handoff.at.isoformat())

    async def _watch(self, conn: Connection, handoff: Handoff, now: datetime, *, is_newest: bool) -> None:
        """Say that nobody took it, once; and that it is over, once."""
        if handoff.at > now:
            return
        taken = handoff.accepted_at is not None or not is_newest
        if not taken and handoff.warned_at is None and now >= handoff.at + LATE_AFTER:
            await self._alarm.late(conn, handoff, now)
            await conn.execute(QUERIES["warn_handoff"], {"id": handoff.id, "now": now})
            log.warning("handoff_not_accepted", at=handoff.at.isoformat())
        elif taken and handoff.warned_at is not None and handoff.settled_at is None:
            await self._alarm.settled(conn, handoff, now)
            await conn.execute(QUERIES["settle_handoff"], {"id": handoff.id, "now": now})


def targets_of(
    roster: Roster, channels: Channels, people: Sequence[str], severity: Severity
) -> Mapping[str, Sequence[str]]:
    """Where people are told, for `Channels.legs`; channels that are not in it use their own targets.

    A room that all read (Slack) hears of it too; nobody else's phone or mailbox does.
    """
    found: dict[str, list[str]] = {}
    for name in people:
        for channel, targets in (roster.people[name].ways if name in roster.people else {}).items():
            if channel in channels:
                mine = found.setdefault(channel, [])
                mine += [each for each in targets if each not in mine]
    for channel in found.keys() & _ROOMS:
        found[channel] = [*channels[channel].targets(severity), *found[channel]]
    return found
