"""A team on call, a mailbox each, and the engine in a test's hands: what tests of incidents and on-call share."""

import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from anclora.incidents import (
    Buttons,
    Desk,
    EscalationEngine,
    HandoffAlarm,
    Incident,
    Signal,
    clear_signal,
    gather_facts,
    raise_signal,
)
from anclora.incidents.read import find_incident
from anclora.kit.clock import Clock
from anclora.kit.settings import Settings, load_settings
from anclora.kit.severity import Severity
from anclora.notify import Channels, Messenger, build_channels
from anclora.oncall import Duty, HandoffKeeper, Layer
from anclora.oncall.change import put_person, set_duty, set_rotation
from anclora.storage.database import Database
from tests import smtp_server as smtp

MADRID = "Europe/Madrid"
TEAM = ("ana", "ben", "cleo", "dan")  # on call, backup, DevOps lead, CTO
ROOM = "room@example.com"


def at(text: str) -> datetime:
    """A wall time in Madrid."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(MADRID)).astimezone(UTC)


@dataclass
class SetClock:
    """A clock that stands until a test moves it."""

    moment: datetime
    boot: float = 1_000.0
    off_seconds: float = 0.0

    def now(self) -> datetime:
        return self.moment

    def boot_seconds(self) -> float:
        return self.boot

    def pass_seconds(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.boot += seconds

    def set(self, moment: datetime) -> None:
        self.pass_seconds((moment - self.moment).total_seconds())


@dataclass
class Stage:
    """The ledger, the mail server, and every loop that takes part."""

    db: Database
    clock: SetClock
    settings: Settings
    channels: Channels
    mail: smtp.MailServer
    engine: EscalationEngine
    messenger: Messenger
    keeper: HandoffKeeper
    beats: list[datetime] = field(default_factory=list)

    async def tick(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Some time later: a round of the engine, and what it told is carried."""
        self.clock.pass_seconds(minutes * 60 + seconds)
        await self.engine.run_once()
        await self.carry()

    async def carry(self) -> None:
        for _ in range(4):  # one notice per target and round
            await self.messenger.run_once()
            is_over = not self.messenger._under_way
            await self.messenger.settle()
            self.clock.boot += 1
            if is_over:
                return

    async def wrong(self, severity: Severity = Severity.CRITICAL, **words: Any) -> Incident:
        found = await raise_signal(self.db, signal(self.clock.now(), severity, **words), clock=self.clock)
        assert found is not None
        return found

    async def right(self, fingerprint: str = "queue-stalled") -> Incident | None:
        return await clear_signal(self.db, fingerprint, clock=self.clock)

    def desk(self, actor: str = "key:test") -> Desk:
        return Desk(self.db, self.channels, self.settings, self.clock, actor, "test")

    def buttons(self) -> Buttons:
        return Buttons(self.db, self.channels, self.settings, self.clock)

    async def called(self, incident: Incident) -> list[tuple[str, str | None, str]]:
        found = await find_incident(self.db, incident.id)
        return [(page.level.value, page.person, page.why) for page in found.pages]

    def mailed(self) -> Counter[str]:
        """Mails by whom they went to, the room of all left out."""
        return Counter(each.recipient.split("@")[0] for each in self.mail.taken if each.recipient != ROOM)


def signal(now: datetime, severity: Severity = Severity.CRITICAL, **words: Any) -> Signal:
    known: dict[str, Any] = {
        "fingerprint": "queue-stalled",
        "name": "AncloraLaneNotDraining",
        "severity": severity,
        "labels": {"lane": "send:sales"},
        "summary": "Nothing has left the queue for 2 min",
        "starts_at": now - timedelta(seconds=45),
        "source": "test",
    }
    return Signal(**known | words)


@contextlib.asynccontextmanager
async def stage(
    db: Database, moment: datetime, *, team: tuple[str | None, ...] = TEAM, **settings: Any
) -> AsyncGenerator[Stage, None]:
    """A stage at a moment; `team` = on call, backup, DevOps lead and CTO, None = nobody."""
    clock = SetClock(moment)
    async with smtp.smtp_server() as mail:
        known: dict[str, Any] = {
            "smtp_host": "127.0.0.1",
            "smtp_port": mail.port,
            "smtp_tls": "none",
            "smtp_user": smtp.USER,
            "smtp_password": smtp.PASSWORD,
            "smtp_from": "anclora@example.com",
            "smtp_to": ROOM,
            "grafana_url": "https://grafana.example.com",
            "public_url": "https://wa.example.com",
        }
        configured = load_settings(**known | settings)
        channels = build_channels(configured, clock)
        beats: list[datetime] = []
        found = Stage(
            db=db,
            clock=clock,
            settings=configured,
            channels=channels,
            mail=mail,
            engine=EscalationEngine(db, channels, configured, clock, Beats(clock, beats)),
            messenger=Messenger(db, channels, clock),
            keeper=HandoffKeeper(db, channels, gather_facts, HandoffAlarm(), configured, clock),
            beats=beats,
        )
        await hire(db, clock, team)
        try:
            yield found
        finally:
            await channels.close()


@dataclass
class Beats:
    """Hears the heartbeat."""

    clock: SetClock
    heard: list[datetime]

    async def beat(self) -> bool:
        self.heard.append(self.clock.now())
        return True


async def hire(db: Database, clock: Clock, team: tuple[str | None, ...] = TEAM) -> None:
    """Everybody with a mailbox; the first two in rotations of one, the others with their duties."""
    about: dict[str, Any] = {"clock": clock, "actor": "test"}
    for name in sorted({name for name in team if name}):
        await put_person(db, name, {"email": [f"{name}@example.com"]}, **about)
    local = clock.now().astimezone(ZoneInfo(MADRID)).date()
    monday = local - timedelta(days=local.weekday() + 7)
    for layer, name in zip(Layer, team, strict=False):
        if name:
            await rotate(db, clock, layer, name, starts_on=monday)
    for duty, name in zip(Duty, team[2:], strict=True):
        if name:
            await set_duty(db, duty, name, **about)


async def rotate(db: Database, clock: Clock, layer: Layer, *people: str, starts_on: date) -> None:
    await set_rotation(db, layer, people, starts_on=starts_on, at=time(10), zone=MADRID, clock=clock, actor="test")
