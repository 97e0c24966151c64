"""How each channel carries an alarm: threads and buttons, one key at PagerDuty, words on the phone, a signed post."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from xml.etree import ElementTree as ET

import pytest
from notify_benches import BY_SEVERITY, PHONE

from anclora.kit.clock import SystemClock
from anclora.kit.ids import new_id
from anclora.kit.severity import Severity
from anclora.notify.contract import (
    Action,
    Attachment,
    Delivered,
    Fact,
    Kind,
    Link,
    Notice,
    Outcome,
    Outgoing,
    Parent,
    Refused,
    Unknown,
)
from anclora.notify.email.rendering import rendered as mailed
from anclora.notify.pagerduty import PagerDuty
from anclora.notify.slack import SlackBot
from anclora.notify.twilio import TwilioAccount, TwilioText, TwilioVoice
from anclora.notify.twilio.call import TWIML_CHARS, spoken
from anclora.notify.webhook import NoticeWebhook
from tests import notice_sink as sinks
from tests import pagerduty_server as pagerduty
from tests import slack_server as slack
from tests import twilio_server as twilio

AT = datetime(2026, 11, 27, 17, tzinfo=UTC)
TAKE = Action(id="acknowledge", label="Lo tengo", value="7")
ESCALATE = Action(id="escalate", label="Escalar ya", value="7")
ALARM = Notice(
    title="Cola parada",
    text="Nada sale desde hace 4 min.",
    key="i7:open",
    severity=Severity.CRITICAL,
    incident="i7",
    facts=[Fact(name="Edad", value="4 min")],
    actions=[TAKE, ESCALATE],
    links=[Link(title="Panel", url="https://wa.example.com/d/queue-dashboard")],
)
TAKEN = Notice(
    title="Ana lo tiene", text="A los 90 s.", key="i7:ack", kind=Kind.ACKNOWLEDGE, incident="i7", actions=[ESCALATE]
)
OVER = Notice(title="Resuelto", text="Sale todo.", key="i7:over", kind=Kind.RESOLVE, incident="i7")


def to(target: str, notice: Notice, parent: Parent | None = None) -> Outgoing:
    return Outgoing(id=new_id(), target=target, at=AT, notice=notice, parent=parent)


# ---- Slack


async def say(server: slack.SlackServer, outgoing: Outgoing, *, buttons: bool = True) -> Outcome:
    bot = SlackBot(slack.TOKEN, BY_SEVERITY, api_url=f"{server.url}/api", buttons=buttons)
    try:
        return await bot.send(outgoing)
    finally:
        await bot.close()


async def begun(server: slack.SlackServer) -> Parent:
    outgoing = to("#anclora-critical", ALARM)
    outcome = await say(server, outgoing)
    assert isinstance(outcome, Delivered), outcome
    return Parent(id=outgoing.id, vendor_id=outcome.vendor_id, notice=ALARM)


async def test_an_alarm_on_slack_has_facts_links_and_buttons_and_a_banner() -> None:
    async with slack.slack_server() as server:
        await begun(server)
    [said] = server.said
    assert said.text.splitlines() == [
        "🚨 Cola parada",
        "Nada sale desde hace 4 min.",
        "*Edad*",
        "4 min",
        "<https://wa.example.com/d/queue-dashboard|Panel>",
        "[Lo tengo]",
        "[Escalar ya]",
    ]
    assert [(each["action_id"], each["value"]) for each in said.buttons] == [("acknowledge", "7"), ("escalate", "7")]
    assert said.banner == ":rotating_light: Cola parada: Nada sale desde hace 4 min."


async def test_what_follows_changes_the_first_message_and_stands_in_its_thread() -> None:
    async with slack.slack_server() as server:
        parent = await begun(server)
        assert isinstance(await say(server, to("#anclora-critical", TAKEN, parent)), Delivered)
        first, second = server.said
        assert first.text.startswith("👀 Cola parada\n👀 *Ana lo tiene*\nNada sale")
        assert [each["action_id"] for each in first.buttons] == ["escalate"]
        assert (second.thread, second.buttons, second.broadcast) == (first.stamp, [], False)
        assert isinstance(await say(server, to("#anclora-critical", OVER, parent)), Delivered)
    assert first.text.startswith("✅ Cola parada\n✅ *Resuelto*")
    assert (first.buttons, first.changes, len(server.said)) == ([], 2, 3)


async def test_a_further_call_of_the_same_incident_is_heard_by_the_channel_too() -> None:
    async with slack.slack_server() as server:
        parent = await begun(server)
        again = Notice(
            title="Llamado: Luis", text="Nadie lo tomó.", key="i7:2", severity=Severity.CRITICAL, incident="i7"
        )
        await say(server, to("#anclora-critical", again, parent))
    first, second = server.said
    assert (second.thread, second.broadcast, first.changes) == (first.stamp, True, 0)


async def test_a_first_message_somebody_deleted_keeps_nobody_from_hearing_the_end() -> None:
    async with slack.slack_server() as server:
        parent = Parent(id=new_id(), vendor_id="C3/1.2", notice=ALARM)
        outcome = await say(server, to("#anclora-critical", OVER, parent))
    assert isinstance(outcome, Delivered)
    assert outcome.left_out == ["the first message could not be changed: The message is not there any more."]
    assert (server.said[0].thread, server.said[0].text.splitlines()[0]) == (None, "✅ Resuelto")


@pytest.mark.parametrize("trouble", ["ratelimited", "down"])
async def test_a_change_that_is_refused_for_a_time_is_made_before_anything_is_said(trouble: str) -> None:
    async with slack.slack_server() as server:
        parent = await begun(server)
        server.troubles.append(trouble)
        assert not isinstance(await say(server, to("#anclora-critical", OVER, parent)), Delivered)
        assert len(server.said) == 1
        assert isinstance(await say(server, to("#anclora-critical", OVER, parent)), Delivered)
    assert (len(server.said), server.said[0].changes) == (2, 1)


async def test_without_a_signing_secret_there_are_no_buttons_nobody_could_press() -> None:
    async with slack.slack_server() as server:
        await say(server, to("#anclora-critical", ALARM), buttons=False)
    assert server.said[0].buttons == []


# ---- PagerDuty


async def page(server: pagerduty.PagerDutyServer, notice: Notice, key: str = pagerduty.KEY) -> Outcome:
    channel = PagerDuty(key, url=server.url + pagerduty.PATH)
    try:
        return await channel.send(to("service", notice))
    finally:
        await channel.close()


async def test_an_incident_is_one_alarm_at_pagerduty_from_its_beginning_to_its_end() -> None:
    async with pagerduty.pagerduty_server() as server:
        for notice in (ALARM, TAKEN, OVER):
            assert await page(server, notice) == Delivered(vendor_id="i7", left_out=[])
    [alarm] = server.alarms
    assert (alarm.key, alarm.state, server.pages, server.dropped) == ("i7", "resolved", 1, [])
    [began, taken, over] = alarm.events
    assert began["payload"] == {
        "summary": "Cola parada",
        "source": "anclora",
        "severity": "critical",
        "timestamp": "2026-11-27T17:00:00+00:00",
        "custom_details": {
            "Edad": "4 min",
            "text": "Nada sale desde hace 4 min.",
            "notice": began["payload"]["custom_details"]["notice"],
        },
    }
    assert began["links"] == [{"href": "https://wa.example.com/d/queue-dashboard", "text": "Panel"}]
    assert set(taken) == set(over) == {"routing_key", "event_action", "dedup_key"}


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ("too_many", Refused(code="too_many", text="PagerDuty asks to wait 30 s.", retry_after_seconds=30.0)),
        ("server_error", Unknown(code="server_error", text="PagerDuty answered 500.")),
    ],
)
async def test_pagerduty_in_trouble_is_asked_again(trouble: str, expected: Outcome) -> None:
    async with pagerduty.pagerduty_server() as server:
        server.troubles.append(trouble)
        assert await page(server, ALARM) == expected


async def test_a_key_pagerduty_does_not_know_is_for_a_person_to_mend() -> None:
    async with pagerduty.pagerduty_server() as server:
        outcome = await page(server, ALARM, "x" * 32)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.permanent) == ("bad_routing_key", True)
    assert "PAGERDUTY_ROUTING_KEY" in outcome.text


# ---- the phone


async def ring(
    server: twilio.TwilioServer, notice: Notice, number: str = PHONE, public_url: str | None = None
) -> Outcome:
    account = TwilioAccount(twilio.SID, twilio.TOKEN, url=server.url)
    channel = TwilioVoice(account, twilio.SENDER, [number], lang="es", public_url=public_url)
    try:
        return await channel.send(to(number, notice))
    finally:
        await channel.close()


async def test_a_call_says_it_twice_and_takes_a_digit_for_each_action() -> None:
    async with twilio.twilio_server() as server:
        assert isinstance(await ring(server, ALARM, public_url="https://wa.example.com/"), Delivered)
    [call] = server.calls
    once = "Cola parada. Nada sale desde hace 4 min. Pulse 1: Lo tengo. Pulse 2: Escalar ya."
    assert call.says == f"{once} {once}"
    assert call.digits_url is not None
    assert call.digits_url.startswith("https://wa.example.com/webhooks/twilio/digit/")


async def test_a_call_that_no_digit_could_reach_us_from_only_speaks() -> None:
    async with twilio.twilio_server() as server:
        await ring(server, ALARM)
    assert ("Pulse" in server.calls[0].says, server.calls[0].digits_url) == (False, None)


def test_the_longest_call_is_said_once_and_keeps_twilios_limit() -> None:
    longest = Notice(title="&" * 150, text="&" * 20_000, key="k", actions=[TAKE, ESCALATE])
    twiml = spoken(longest, "en", "https://wa.example.com/?a=1&b=2")
    assert len(twiml) <= TWIML_CHARS
    assert len(list(ET.fromstring(twiml).iter("Say"))) == 2  # noqa: S314 - our own words


@pytest.mark.parametrize(
    ("number", "code"), [("600111222", "21211"), (twilio.NOBODY, "21211"), (twilio.STOPPED, "21610")]
)
async def test_a_number_twilio_refuses_is_for_a_person_to_mend(number: str, code: str) -> None:
    async with twilio.twilio_server() as server:
        outcome = await ring(server, ALARM, number)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.permanent) == (code, True)


async def test_a_wrong_token_names_the_settings() -> None:
    async with twilio.twilio_server() as server:
        channel = TwilioText(TwilioAccount(twilio.SID, "wrong", url=server.url), twilio.SENDER, [PHONE])
        outcome = await channel.send(to(PHONE, ALARM))
        await channel.close()
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.permanent) == ("20003", True)
    assert "ANCLORA_TWILIO_AUTH_TOKEN" in outcome.text


async def test_twilio_asking_to_go_slower_is_heard() -> None:
    async with twilio.twilio_server() as server:
        server.troubles.append("too_many")
        outcome = await ring(server, ALARM)
    assert outcome == Refused(code="20429", text="Twilio asks to wait 7 s.", retry_after_seconds=7.0)


# ---- an address of one's own, and mail


@pytest.mark.parametrize(
    ("trouble", "code", "permanent"),
    [("too_many", "http_429", False), ("gone", "http_410", True), ("moved", "http_302", True)],
)
async def test_an_address_in_trouble_by_its_status(trouble: str, code: str, permanent: bool) -> None:
    async with sinks.notice_sink() as sink:
        sink.troubles.append(trouble)
        channel = NoticeWebhook(sink.url + sinks.PATH, sinks.SECRET, SystemClock())
        outcome = await channel.send(to("127.0.0.1", ALARM))
        await channel.close()
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.permanent) == (code, permanent)


def test_an_alarm_by_mail_has_a_page_beside_its_words_and_an_incident_is_one_conversation() -> None:
    outgoing = to("ana@example.com", ALARM)
    first = parsed(mailed(outgoing, "a@example.com"))
    page_part, words = first.get_body(("html",)), first.get_body(("plain",))
    assert page_part is not None
    assert words is not None
    assert "Edad: 4 min" in words.get_content()
    html = page_part.get_content()
    assert '<a href="https://wa.example.com/d/queue-dashboard"' in html
    assert "http" not in html.replace("https://wa.example.com/d/queue-dashboard", "")  # nothing is fetched
    assert first["Importance"] == "high"
    parent = Parent(id=outgoing.id, vendor_id="250", notice=ALARM)
    again = to("ana@example.com", OVER, parent)
    second = parsed(mailed(again, "a@example.com"))
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert mailed(again, "a@example.com") == mailed(again, "a@example.com")


def test_a_mail_with_a_page_and_a_file_is_the_same_bytes_every_time() -> None:
    file = Attachment(name="a.txt", mimetype="text/plain", data=b"abc")
    notice = Notice(title="<b>x</b>", text="a<script>\nb", key="k", severity=Severity.WARNING, attachments=[file])
    outgoing = to("ana@example.com", notice)
    message = parsed(mailed(outgoing, "a@example.com"))
    assert mailed(outgoing, "a@example.com") == mailed(outgoing, "a@example.com")
    assert [part.get_content() for part in message.iter_attachments()] == ["abc"]
    page_part = message.get_body(("html",))
    assert page_part is not None
    assert "<script>" not in page_part.get_content()


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message
