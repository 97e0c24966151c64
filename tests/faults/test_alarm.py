"""A dispatcher dies: real Prometheus and Alertmanager notice, people are called on time, and its return ends it.

What Prometheus does takes its real time (`for: 1m` of the real rules); the minutes of escalation are a test's.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from anclora.cli.home import Home, child_env, free_port, new_secret, prepare, start_sandbox
from anclora.incidents import Buttons, EscalationEngine, Intake, raise_signal
from anclora.incidents.model import Incident, State
from anclora.incidents.read import find_incident, list_incidents
from anclora.kit.settings import load_settings
from anclora.notify import Channels, Messenger, Press, Reply
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import EmbeddedServers
from anclora.supervise import Child, family
from tests import pagerduty_server as pagerduty
from tests import slack_server as slack
from tests import smtp_server as smtp
from tests.faults.town import kill
from tests.incidents_stage import TEAM, hire, signal
from tests.integration.api_harness import HandClock, House, house
from tests.prometheus_server import alertmanager, prometheus
from tests.waiting import eventually

ALERT = "AncloraNoWorkers"
SECRET = "signing-secret"
RULES = Path(__file__).parent.parent.parent / "deploy" / "prometheus" / "anclora-rules.yml"
LEVELS = [("oncall", "ana"), ("backup", "ben"), ("devops_lead", "cleo"), ("cto", "dan")]
NOTICED_WITHIN_SECONDS = 120  # "a stopped worker fires within two minutes"


@dataclass
class Watch:
    """Doors, engine and channels in a test's hands, above the servers a real dispatcher uses."""

    doors: House
    engine: EscalationEngine
    messenger: Messenger
    room: slack.SlackServer
    pager: pagerduty.PagerDutyServer
    mail: smtp.MailServer

    @property
    def clock(self) -> HandClock:
        """Moved by the test."""
        clock = self.doors.deps.clock
        assert isinstance(clock, HandClock)
        return clock

    async def pass_minutes(self, minutes: float) -> None:
        """Some time later the engine has worked, and what it told is carried."""
        self.clock.pass_seconds(minutes * 60)
        await self.engine.run_once()
        for _ in range(12):  # one notice per target and round
            await self.messenger.run_once()
            await self.messenger.settle()
            self.clock.pass_seconds(2)

    async def incident(self) -> Incident | None:
        """What became of the alarm."""
        listed = await list_incidents(self.doors.deps.db, state=None, severity=None, name=ALERT, before=None, limit=5)
        assert len(listed) <= 1
        return listed[0] if listed else None

    async def called(self, incident: Incident) -> list[tuple[str, str | None]]:
        """Who was called for it, by level."""
        found = await find_incident(self.doors.deps.db, incident.id)
        return [(page.level.value, page.person) for page in found.pages]

    async def let_climb(self, incident: Incident) -> None:
        """Nobody acknowledges it for half an hour: each level is called on time, and not before."""
        for minute, people in ((4.9, 1), (5.1, 2), (29.9, 2), (30.1, 3)):
            gone = (self.clock.now() - incident.clock_at).total_seconds()
            await self.pass_minutes(minute - gone / 60)
            assert await self.called(incident) == LEVELS[:people], f"at minute {minute}"

    def mailed(self) -> Counter[str]:
        """Mails that called somebody, by whom they went to."""
        calls = [each for each in self.mail.taken if "acknowledge it within" in each.data.decode()]
        return Counter(each.recipient.split("@")[0] for each in calls)

    def in_slack(self) -> list[slack.Said]:
        """The messages in the channel of critical alarms that begin a thread about it."""
        return [each for each in self.room.said if ALERT in each.text and not each.thread]

    def alarm(self) -> pagerduty.Alarm:
        """The one alarm PagerDuty has of it."""
        [found] = [each for each in self.pager.alarms if ALERT in str(each.events[0])]
        return found


class Desk:
    """Acts on presses, once the channels are there."""

    buttons: Buttons | None = None

    async def on_action(self, press: Press) -> Reply:
        """As the product does."""
        assert self.buttons is not None
        return await self.buttons.on_action(press)


@contextlib.asynccontextmanager
async def watch(own_servers: EmbeddedServers) -> AsyncGenerator[Watch, None]:
    """Everything but the dispatcher and Prometheus."""
    await prepare(own_servers.database_url)
    desk = Desk()
    async with contextlib.AsyncExitStack() as stack:
        room = await stack.enter_async_context(slack.slack_server())
        pager = await stack.enter_async_context(pagerduty.pagerduty_server())
        mail = await stack.enter_async_context(smtp.smtp_server())
        settings: dict[str, Any] = {
            "slack_bot_token": slack.TOKEN,
            "slack_api_url": f"{room.url}/api",
            "slack_signing_secret": SECRET,
            "pagerduty_routing_key": pagerduty.KEY,
            "pagerduty_events_url": f"{pager.url}/v2/enqueue",
            "smtp_host": "127.0.0.1",
            "smtp_port": mail.port,
            "smtp_tls": "none",
            "smtp_user": smtp.USER,
            "smtp_password": smtp.PASSWORD,
            "smtp_from": "anclora@example.com",
            "smtp_to": "room@example.com",
            "public_url": "https://wa.example.com",
        }
        db = Database(await open_pool(own_servers.database_url))
        stack.push_async_callback(db.close)
        redis = Redis.from_url(own_servers.redis_url)
        stack.push_async_callback(redis.aclose)
        signals = Intake(HandClock())  # what is told comes with its own times
        doors = await stack.enter_async_context(house(db, redis, on_action=desk, signals=signals, **settings))
        deps = doors.deps
        channels: Channels = deps.channels
        stack.push_async_callback(channels.close)
        desk.buttons = Buttons(db, channels, deps.settings, deps.clock)
        await hire(db, deps.clock, TEAM)
        engine = EscalationEngine(db, channels, deps.settings, deps.clock)
        yield Watch(doors, engine, Messenger(db, channels, deps.clock), room, pager, mail)


async def dispatcher(own_servers: EmbeddedServers, folder: Path, children: list[Child]) -> Child:
    """A real process that sends, with the sandbox as its provider (started with the first)."""
    port, key = free_port(), new_secret()
    env = child_env(
        load_settings(),
        DATABASE_URL=own_servers.database_url,
        REDIS_URL=own_servers.redis_url,
        EVOLUTION_API_URL=f"http://127.0.0.1:{port}",
        EVOLUTION_API_KEY=key,
        ANCLORA_LEASE_SECONDS="3",
        ANCLORA_LEASE_MARGIN_SECONDS="1",
    )
    folder.mkdir()  # noqa: ASYNC240 - one folder of a test
    home = Home(data_dir=folder, env=env)
    await start_sandbox(home, children, port=port, key=key, script={"instances": [{"name": "one"}]})
    child = home.child("dispatch", "serve", "--role", "dispatch")
    children.append(child)
    await child.start()
    return child


@pytest.mark.timeout(480)
async def test_a_dead_dispatcher_wakes_people_on_time_and_its_return_ends_it(
    own_servers: EmbeddedServers, tmp_path: Path
) -> None:
    async with watch(own_servers) as here, family() as children:
        child = await dispatcher(own_servers, tmp_path / "first", children)
        jobs = {"anclora": urlsplit(here.doors.address).port or 0}
        key = await here.doors.make_key("alerts:write")
        async with (
            alertmanager(tmp_path / "am", here.doors.address, key) as port,
            prometheus(tmp_path / "p", jobs, [RULES], alertmanager=port) as prom,
        ):

            async def sends() -> bool:
                found = await prom.now('sum(anclora_worker_up{role="dispatch"})')
                return bool(found) and found[0]["value"][1] == "1"

            await eventually(sends, timeout_seconds=120)
            kill(child.pid)
            began = monotonic()

            async def opened() -> bool:
                return await here.incident() is not None

            await eventually(opened, timeout_seconds=NOTICED_WITHIN_SECONDS)
            print(f"a dead dispatcher is an incident after {monotonic() - began:.0f} s")

            incident = await here.incident()
            assert incident is not None
            await here.pass_minutes(0)
            assert await here.called(incident) == [("oncall", "ana")]
            [post] = here.in_slack()
            assert here.alarm().state == "triggered"
            await here.let_climb(incident)

            at = int(here.clock.now().timestamp())
            pushed = await here.room.push(
                f"{here.doors.address}/webhooks/slack/interactive", post.buttons[0], SECRET, at=at
            )
            assert pushed.status == 200
            await here.pass_minutes(10)
            found = await here.incident()
            assert found is not None
            assert found.state is State.ACKNOWLEDGED
            assert await here.called(incident) == LEVELS[:3]
            assert here.alarm().state == "acknowledged"

            await dispatcher(own_servers, tmp_path / "second", children)

            async def over() -> bool:
                now = await here.incident()
                return now is not None and now.state is State.RESOLVED

            await eventually(over, timeout_seconds=150)
            for _ in range(3):
                await here.pass_minutes(30)
            assert await here.called(incident) == LEVELS[:3]
            assert here.alarm().state == "resolved"
            # Ana by PagerDuty, whose open alarm would wake nobody else; the others by the next way, once each.
            assert (here.pager.pages, here.mailed()) == (1, {"ben": 1, "cleo": 1})
            assert len(here.in_slack()) == 1


@pytest.mark.timeout(300)
async def test_a_press_in_slack_lets_the_next_person_sleep(own_servers: EmbeddedServers) -> None:
    async with watch(own_servers) as here:
        calm = signal(here.clock.now(), name=ALERT)
        assert await raise_signal(here.doors.deps.db, calm, clock=here.clock) is not None
        await here.pass_minutes(0)
        incident = await here.incident()
        assert incident is not None
        await here.pass_minutes(4)
        [post] = here.in_slack()
        at = int(here.clock.now().timestamp())
        door = f"{here.doors.address}/webhooks/slack/interactive"
        assert (await here.room.push(door, post.buttons[0], SECRET, at=at)).status == 200
        await here.pass_minutes(2)  # past minute five, when it would have been the backup's
        assert await here.called(incident) == LEVELS[:1]
        await here.pass_minutes(26)  # to have taken it is not to have mended it
        assert await here.called(incident) == [LEVELS[0], LEVELS[2]]
