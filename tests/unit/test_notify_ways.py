"""Ways as data, channels configured in part, and the proofs of what comes back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError, SetupError
from anclora.kit.settings import load_settings
from anclora.kit.severity import Severity
from anclora.kit.signing import is_secret, new_secret
from anclora.notify import Channels, build_channels
from anclora.notify.slack import in_time, signature_of, signed
from anclora.notify.slack.press import pressed
from anclora.notify.twilio import signature_of as twilio_signature
from anclora.notify.twilio import signed as twilio_signed
from anclora.notify.ways import Rung, called_again, legs_of, parse_legs

NOW = datetime(2026, 11, 27, 18, tzinfo=UTC)
KNOWN = ("slack", "email", "pagerduty", "voice", "sms", "webhook")
KEY = "R0123456789abcdefghij0123456789a"
SLACK: dict[str, Any] = {"slack_bot_token": "xoxb-1"}
MAIL: dict[str, Any] = {"smtp_host": "h", "smtp_from": "a@example.com", "smtp_to": "b@example.com"}
TWILIO: dict[str, Any] = {
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "t",
    "twilio_from": "+34911222333",
    "twilio_to": "+34600111222",
}


def built(**settings: Any) -> Channels:
    return build_channels(load_settings(**settings), SystemClock())


def names(channels: Channels, severity: Severity) -> list[list[str]]:
    return [[rung.channel for rung in leg] for leg in channels.legs(severity)]


def test_ways_are_ladders_side_by_side() -> None:
    assert parse_legs(" pagerduty > voice>email, slack > email ", KNOWN, "X") == [
        ["pagerduty", "voice", "email"],
        ["slack", "email"],
    ]
    assert parse_legs("", KNOWN, "X") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("whatsapp", "There are: slack, email, pagerduty, voice, sms, webhook"),
        ("slack > pigeon", "X names 'pigeon'"),
        ("slack > slack", "twice in one way"),
        ("slack >", "names ''"),
        (", ".join(["slack"] * 9), "at most 8"),
    ],
)
def test_a_way_that_cannot_be_refuses_to_start(text: str, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        parse_legs(text, KNOWN, "X")


def test_what_is_not_configured_is_stepped_over_and_the_same_way_is_gone_once() -> None:
    legs = legs_of([["pagerduty", "email"], ["slack", "email"], ["sms"]], {"email": ["a"]}, wait_seconds=60)
    assert legs == [[Rung(channel="email", targets=("a",), wait_seconds=60)]]


def test_a_further_call_does_not_wait_for_an_alarm_that_is_open_already() -> None:
    page, ring, post = (Rung(channel=name, targets=("x",)) for name in ("pagerduty", "voice", "slack"))
    assert called_again([[page, ring], [post], [page]]) == [[page], [ring], [post], [page]]


async def test_the_ways_of_a_house_that_has_everything() -> None:
    channels = built(**SLACK, **MAIL, **TWILIO, pagerduty_routing_key=KEY, ways_wait_seconds=90)
    assert names(channels, Severity.CRITICAL) == [["pagerduty", "voice", "sms", "email"], ["slack", "email"]]
    assert names(channels, Severity.WARNING) == names(channels, Severity.INFO) == [["slack", "email"]]
    assert channels.legs(Severity.CRITICAL)[0][1].wait_seconds == 90
    people = {"voice": ["+34600999888"], "email": [], "pigeon": ["roof"]}
    [first, second] = channels.legs(Severity.CRITICAL, people)
    assert [(rung.channel, rung.targets) for rung in first][1:] == [
        ("voice", ("+34600999888",)),
        ("sms", ("+34600111222",)),
    ]
    assert [rung.channel for rung in second] == ["slack"]
    await channels.close()


async def test_a_house_with_a_mailbox_only_uses_it_at_once() -> None:
    channels = built(**MAIL)
    assert names(channels, Severity.CRITICAL) == [["email"]]
    await channels.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"smtp_host": "h"}, "E-mail is configured in part: set ANCLORA_SMTP_HOST"),
        ({"slack_signing_secret": "s"}, "set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL too"),
        ({**SLACK, "slack_channel_critical": ""}, "SLACK_CHANNEL_CRITICAL"),
        ({"pagerduty_routing_key": "short"}, "PAGERDUTY_ROUTING_KEY is no integration key"),
        ({"twilio_account_sid": "AC1"}, "Twilio is configured in part: set ANCLORA_TWILIO_ACCOUNT_SID"),
        ({**TWILIO, "twilio_to": ""}, "ANCLORA_TWILIO_TO"),
        ({**TWILIO, "twilio_to": "600111222"}, r"numbers such as \+34600111222; one ends with '222'"),
        ({**TWILIO, "twilio_from": "Anclora"}, "ANCLORA_TWILIO_FROM"),
        ({"notify_webhook_url": "https://x.example/"}, "ANCLORA_NOTIFY_WEBHOOK_SECRET"),
        ({"notify_webhook_url": "https://x.example/", "notify_webhook_secret": "whsec_x"}, "24 to 64 bytes"),
        ({"ways_critical": "whatsapp"}, "ANCLORA_WAYS_CRITICAL names 'whatsapp'"),
    ],
)
def test_a_channel_configured_in_part_refuses_to_start(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        built(**settings)


def test_an_address_that_is_none_refuses_to_start() -> None:
    with pytest.raises(InvalidError, match="no http"):
        built(pagerduty_routing_key=KEY, pagerduty_events_url="events.pagerduty.com")


def test_secrets_of_standard_webhooks_are_known_by_their_form() -> None:
    assert is_secret(new_secret())
    assert not any(map(is_secret, ("", "whsec_", "whsec_!!", "whsec_" + "QUJD" * 2, new_secret()[6:])))


def test_slacks_signature_is_the_one_of_its_documents() -> None:
    # docs.slack.dev, verifying requests from Slack: the worked example.
    secret, stamp = "8f742231b10e8888abcd99yyyzzz85a5", "1531420618"
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    proof = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert signature_of(body, stamp, secret) == proof
    assert signed(body, stamp, proof, secret)
    assert not any(signed(body, stamp, wrong, secret) for wrong in (None, "", "v0=", proof.upper(), proof[:-1]))
    assert not signed(body + b"x", stamp, proof, secret)


@pytest.mark.parametrize(
    ("seconds", "good"), [(0, True), (-300, True), (300, True), (-301, False), (301, False), (-86_400, False)]
)
def test_a_proof_counts_for_five_minutes(seconds: int, good: bool) -> None:
    assert in_time(str(int((NOW + timedelta(seconds=seconds)).timestamp())), NOW) is good


@pytest.mark.parametrize("stamp", [None, "", "soon", "-1", "١٢٣", "1e9", "9" * 30])
def test_a_time_that_is_none_proves_nothing(stamp: str | None) -> None:
    assert not in_time(stamp, NOW)


def test_twilios_signature_is_the_one_of_its_documents() -> None:
    # twilio.com/docs/usage/security: the worked example.
    url, token = "https://mycompany.com/myapp.php?foo=1&bar=2", "12345"
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    proof = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert twilio_signature(url, form, token) == proof
    assert twilio_signed(url, list(reversed(form)), proof, token)
    assert not any(twilio_signed(url, form, wrong, token) for wrong in (None, "", proof[:-1], "ñ"))
    assert not twilio_signed(url + "x", form, proof, token)


def test_a_press_deeper_than_anybody_nests_is_refused() -> None:
    with pytest.raises(InvalidError):
        pressed(b"payload=" + b"%5B" * 100_000, NOW)
