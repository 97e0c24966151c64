"""Second paths: whoever has to know hears of it, once, also when Slack or PagerDuty is closed or silent."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from api_harness import HandClock

from anclora.kit.metrics import REGISTRY
from anclora.kit.settings import load_settings
from anclora.kit.severity import Severity
from anclora.notify import (
    Action,
    Channels,
    Kind,
    Messenger,
    Notice,
    Told,
    build_channels,
    find_notice,
    follow,
    route,
    trial,
)
from anclora.storage.database import Database
from tests import pagerduty_server as pagerduty
from tests import slack_server as slack
from tests import smtp_server as smtp
from tests import twilio_server as twilio

PHONE, BOSS = "+34600111222", "boss@example.com"
ACTIONS = [Action(id="acknowledge", label="Lo tengo", value="7"), Action(id="escalate", label="Escalar", value="7")]


@dataclass
class Town:
    """A ledger, every vendor, and a messenger between; time passes when a test says so."""

    db: Database
    clock: HandClock
    slack: slack.SlackServer
    pages: pagerduty.PagerDutyServer
    phones: twilio.TwilioServer
    mail: smtp.MailServer
    channels: Channels
    messenger: Messenger

    async def alarm(
        self,
        key: str = "open",
        severity: Severity = Severity.CRITICAL,
        people: Mapping[str, Sequence[str]] | None = None,
    ) -> Told:
        """Something is wrong with incident 7."""
        notice = Notice(
            title="Cola parada", text="Nada sale.", key=key, severity=severity, incident="7", actions=ACTIONS
        )
        async with self.db.transaction() as conn:
            return await route(conn, notice, self.channels.legs(severity, people), now=self.clock.now())

    async def news(self, kind: Kind) -> Told:
        """Somebody has incident 7, or it is over."""
        notice = Notice(title=f"Ana: {kind}", text="Ya.", key=f"news:{kind}", kind=kind, incident="7")
        async with self.db.transaction() as conn:
            return await follow(conn, notice, self.channels, now=self.clock.now())

    async def round(self, after_seconds: float = 0.0) -> None:
        """One round of the messenger, after so long."""
        self.clock.pass_seconds(after_seconds)
        await self.messenger.run_once()
        await self.messenger.settle()

    async def minutes(self, count: float) -> None:
        """So many minutes, in steps of ten seconds."""
        for _ in range(int(count * 6)):
            await self.round(10.0)

    async def states(self, key: str = "open") -> dict[str, str]:
        """State of each delivery, by channel."""
        found = await find_notice(self.db, key)
        assert found is not None
        return {each.channel: each.state for each in found.deliveries}


@pytest.fixture
async def town(db: Database) -> AsyncGenerator[Town, None]:
    clock = HandClock()
    async with (
        slack.slack_server(lambda: clock.boot) as slack_side,
        pagerduty.pagerduty_server() as pages,
        twilio.twilio_server() as phones,
        smtp.smtp_server() as mail,
    ):
        settings = load_settings(
            slack_bot_token=slack.TOKEN,
            slack_api_url=f"{slack_side.url}/api",
            slack_signing_secret="shh",
            pagerduty_routing_key=pagerduty.KEY,
            pagerduty_events_url=pages.url + pagerduty.PATH,
            twilio_account_sid=twilio.SID,
            twilio_auth_token=twilio.TOKEN,
            twilio_from=twilio.SENDER,
            twilio_to=PHONE,
            twilio_api_url=phones.url,
            smtp_host="127.0.0.1",
            smtp_port=mail.port,
            smtp_tls="none",
            smtp_user=smtp.USER,
            smtp_password=smtp.PASSWORD,
            smtp_from="reports@example.com",
            smtp_to=BOSS,
        )
        channels = build_channels(settings, clock)
        yield Town(db, clock, slack_side, pages, phones, mail, channels, Messenger(db, channels, clock))
        await channels.close()


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"anclora_{name}", labels) or 0.0


async def test_what_cannot_wait_goes_to_pagerduty_and_slack_and_nowhere_else_when_both_have_it(town: Town) -> None:
    told = await town.alarm()
    assert told.fresh == ["pagerduty:service", "slack:#anclora-critical"]
    await town.minutes(10)
    assert await town.states() == {"pagerduty": "delivered", "slack": "delivered"}
    assert (town.pages.pages, len(town.slack.said)) == (1, 1)
    assert (town.phones.calls, town.phones.texts, town.mail.taken) == ([], [], [])


@pytest.mark.parametrize("trouble", ["down", "ratelimited"])
async def test_with_slack_down_or_asking_to_wait_a_page_takes_the_second_path(town: Town, trouble: str) -> None:
    town.slack.troubles += [trouble] * 100
    before = counted("notify_failures_total", channel="slack")
    took = counted("notice_second_paths_total", channel="email", instead_of="slack")
    await town.alarm()
    waited = 0
    while not town.mail.taken and waited < 300:
        await town.round(10.0)
        waited += 10
    assert 120 <= waited <= 140
    assert town.mail.taken[0].message["Subject"] == "Cola parada"
    assert counted("notify_failures_total", channel="slack") > before
    assert counted("notice_second_paths_total", channel="email", instead_of="slack") == took + 1
    await town.minutes(10)
    assert (len(town.mail.taken), town.pages.pages, town.phones.calls) == (1, 1, [])  # nobody is called twice


async def test_with_pagerduty_down_the_phone_rings_and_with_the_phone_closed_too_a_text_comes(town: Town) -> None:
    town.pages.troubles += ["server_error"] * 100
    await town.alarm()
    await town.minutes(2.2)
    [call] = town.phones.calls
    assert (call.to, town.phones.texts, town.mail.taken) == (PHONE, [], [])
    await town.minutes(10)
    assert (len(town.phones.calls), town.phones.texts, town.mail.taken) == (1, [], [])


async def test_what_is_refused_for_good_takes_the_next_rung_at_once(town: Town) -> None:
    await town.alarm(people={"pagerduty": [], "voice": [twilio.STOPPED], "sms": [twilio.STOPPED]})
    for _ in range(4):  # voice, sms, mail: no time passes
        await town.round()
    assert await town.states() == {"voice": "failed", "sms": "failed", "email": "delivered", "slack": "delivered"}


async def test_when_everything_is_closed_that_is_counted_and_shown(town: Town) -> None:
    unreached = counted("notices_unreached_total", severity="critical")
    town.mail.lose = 10_000
    await town.alarm(
        people={"pagerduty": [], "voice": [twilio.STOPPED], "sms": [], "email": [smtp.NOBODY], "slack": ["#nowhere"]}
    )
    for _ in range(4):
        await town.round()
    assert set((await town.states()).values()) == {"failed"}
    assert counted("notices_unreached_total", severity="critical") == unreached + 1
    await town.round(150.0)
    assert counted("notices_undelivered", severity="critical") == 1
    await town.alarm(people={"email": [BOSS]})  # told again, to whoever is there
    town.mail.lose = 0
    await town.minutes(0.5)
    assert counted("notices_undelivered", severity="critical") == 0


async def test_what_nobody_is_named_for_is_shown_too(town: Town) -> None:
    notice = Notice(title="Cola parada", text="x", key="nobody", severity=Severity.WARNING)
    async with town.db.transaction() as conn:
        await route(conn, notice, Channels().legs(Severity.WARNING), now=town.clock.now())
    await town.round(150.0)
    assert counted("notices_undelivered", severity="warning") == 1


async def test_a_warning_goes_to_slack_and_then_to_the_mailbox(town: Town) -> None:
    town.slack.troubles += ["down"] * 100
    await town.alarm(severity=Severity.WARNING)
    await town.minutes(1.5)
    assert town.mail.taken == []
    await town.minutes(1)
    assert (len(town.mail.taken), town.pages.pages, town.phones.calls) == (1, 0, [])


async def test_two_messengers_use_a_second_path_once(town: Town) -> None:
    town.slack.troubles += ["down"] * 100
    await town.alarm(severity=Severity.WARNING)
    await town.round()
    other = Messenger(town.db, town.channels, town.clock)
    town.clock.pass_seconds(130)
    for _ in range(3):
        await asyncio.gather(*(each.run_once() for each in (town.messenger, other)))
        await asyncio.gather(*(each.settle() for each in (town.messenger, other)))
    assert len(town.mail.taken) == 1


async def test_acknowledging_spares_the_second_paths_and_wakes_nobody_any_more(town: Town) -> None:
    town.pages.troubles += ["server_error"] * 8
    await town.alarm()
    await town.round()
    await town.news(Kind.ACKNOWLEDGE)
    await town.minutes(30)
    assert town.phones.calls == []
    [alarm] = town.pages.alarms  # once it was back: in order, so that it is known who has it
    assert (alarm.state, [each["event_action"] for each in alarm.events]) == (
        "acknowledged",
        ["trigger", "acknowledge"],
    )
    first, _ = town.slack.said
    assert first.text.startswith("👀 Cola parada")


async def test_a_call_that_still_waits_is_withdrawn_when_somebody_has_it(town: Town) -> None:
    town.phones.troubles += ["too_many"] * 3
    await town.alarm(people={"pagerduty": []})
    await town.round()
    await town.news(Kind.ACKNOWLEDGE)
    await town.minutes(5)
    assert (town.phones.calls, town.phones.texts) == ([], [])
    assert await town.states() == {"voice": "withdrawn", "slack": "delivered"}


async def test_an_incident_that_ended_before_anybody_heard_of_it_wakes_nobody(town: Town) -> None:
    await town.alarm()
    await town.news(Kind.RESOLVE)
    await town.minutes(10)
    assert (town.pages.asked, town.slack.said, town.phones.calls, town.mail.taken) == (0, [], [], [])
    assert await town.states() == {"pagerduty": "withdrawn", "slack": "withdrawn"}


async def test_an_incident_is_one_thread_and_one_alarm_from_beginning_to_end(town: Town) -> None:
    await town.alarm()
    await town.round()
    await town.alarm("second", people={"voice": ["+34600999888"]})  # the backup is called: the same incident
    await town.minutes(0.2)
    assert [each.to for each in town.phones.calls] == ["+34600999888"]  # an open alarm at PagerDuty wakes nobody again
    await town.news(Kind.ACKNOWLEDGE)
    await town.minutes(0.2)
    await town.news(Kind.RESOLVE)
    await town.minutes(0.2)
    [alarm] = town.pages.alarms
    assert (alarm.state, town.pages.pages, town.pages.dropped) == ("resolved", 1, [])
    assert [each["event_action"] for each in alarm.events] == ["trigger", "trigger", "acknowledge", "resolve"]
    first, *rest = town.slack.said
    assert [each.thread for each in rest] == [first.stamp] * 3
    assert (first.changes, first.buttons) == (2, [])
    assert first.text.startswith("✅ Cola parada\n✅ *Ana: resolve*")


async def test_whoever_heard_of_it_hears_how_it_ends_and_telling_that_twice_is_once(town: Town) -> None:
    await town.alarm(people={"pagerduty": [], "email": [BOSS], "voice": [], "sms": [PHONE]})
    await town.minutes(0.5)
    for _ in range(2):
        await town.news(Kind.RESOLVE)
        await town.minutes(0.5)
    assert [each.body.splitlines()[0] for each in town.phones.texts] == ["Cola parada", "Ana: resolve"]
    assert len(town.slack.said) == 2


async def test_what_comes_later_of_an_incident_waits_for_what_came_before_and_holds_up_no_other(town: Town) -> None:
    town.slack.troubles.append("down")
    await town.alarm(severity=Severity.WARNING)
    await town.round()
    await town.news(Kind.ACKNOWLEDGE)
    other = Notice(title="Otra cosa", text="x", key="other", severity=Severity.WARNING)
    async with town.db.transaction() as conn:
        await route(conn, other, town.channels.legs(Severity.WARNING), now=town.clock.now())
    await town.round(1.0)
    assert [each.text.splitlines()[0] for each in town.slack.said] == ["⚠️ Otra cosa"]
    await town.minutes(1)
    assert [each.text.splitlines()[0] for each in town.slack.said][1:] == ["👀 Cola parada", "👀 Ana: acknowledge"]


async def test_a_test_of_pagerduty_ends_itself_and_one_of_a_call_speaks(town: Town) -> None:
    async with town.db.transaction() as conn:
        for name in ("pagerduty", "voice", "slack"):
            await trial(conn, name, Severity.CRITICAL, town.channels, now=town.clock.now())
    await town.minutes(0.5)
    assert [(each.state, len(each.events)) for each in town.pages.alarms] == [("resolved", 2)]
    assert "This is a test" in town.phones.calls[0].says
    assert [each["action_id"] for each in town.slack.said[0].buttons] == ["trial"]
