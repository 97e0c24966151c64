"""What becomes of a try, what may be told at all, and which channels the settings make."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError, SetupError
from anclora.kit.ids import new_id
from anclora.kit.settings import load_settings
from anclora.kit.severity import Severity
from anclora.kit.signing import new_secret
from anclora.notify import build_channels
from anclora.notify.contract import (
    Action,
    Attachment,
    Delivered,
    Fact,
    Kind,
    Link,
    Notice,
    Outcome,
    Refused,
    Unknown,
    check_notice,
)
from anclora.notify.email.rendering import bare, domain_of
from anclora.notify.guard import masked
from anclora.notify.rules import TRIES, next_of
from anclora.notify.slack.rendering import TEXT_CHARS, rendered

NOW = datetime(2026, 11, 27, 18, tzinfo=UTC)
FOR_GOOD = Refused(code="invalid_auth", text="Set it.", permanent=True)
FOR_NOW = Refused(code="smtp_450", text="Later.")
SLOWER = Refused(code="ratelimited", text="Wait.", retry_after_seconds=30)
DOUBT = Unknown(code="timeout", text="No answer.")


@pytest.mark.parametrize(
    ("outcome", "tries", "state"),
    [
        (Delivered(vendor_id="1"), 1, "delivered"),
        (Delivered(vendor_id="1"), TRIES + 5, "delivered"),
        (FOR_GOOD, 1, "failed"),
        (FOR_NOW, 1, "waiting"),
        (DOUBT, 1, "waiting"),
        (SLOWER, TRIES - 1, "waiting"),
        (FOR_NOW, TRIES, "failed"),
        (SLOWER, TRIES, "failed"),
        (DOUBT, TRIES, "failed"),
    ],
)
def test_a_try_ends_by_its_outcome_and_there_are_only_so_many(outcome: Outcome, tries: int, state: str) -> None:
    assert next_of(outcome, tries, NOW, gap_seconds=1).state == state


def test_waits_grow_and_are_bounded() -> None:
    waits = [next_of(FOR_NOW, tries, NOW, gap_seconds=1, dice=random.Random(1)).due_at - NOW for tries in range(1, 10)]
    assert waits == sorted(waits)
    assert timedelta(seconds=4) <= waits[0]
    assert waits[-1] <= timedelta(minutes=15)


def test_the_vendors_wish_holds_the_whole_target() -> None:
    after = next_of(SLOWER, 1, NOW, gap_seconds=1)
    assert after.due_at == after.target_at == NOW + timedelta(seconds=30)
    assert next_of(FOR_NOW, 1, NOW, gap_seconds=1).target_at == NOW + timedelta(seconds=1)


def test_what_was_given_up_says_after_how_many_tries() -> None:
    assert next_of(DOUBT, TRIES, NOW, gap_seconds=1).text == f"No answer. Given up after {TRIES} tries."
    assert next_of(FOR_GOOD, 1, NOW, gap_seconds=1).text == "Set it."


FILE = Attachment(name="a.pdf", mimetype="application/pdf", data=b"x")
GOOD = {"title": "Hola", "text": "qué tal", "key": "k"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"title": "x" * 151},
        {"title": "two\nlines"},
        {"text": ""},
        {"text": "x" * 20_001},
        {"text": "\x00"},
        {"text": "\ud83d"},
        {"key": "a\nb"},
        {"key": ""},
        {"attachments": [FILE] * 6},
        {"attachments": [Attachment(name="a/b", mimetype="text/plain", data=b"x")]},
        {"attachments": [Attachment(name="a", mimetype="text/plain", data=b"")]},
        {"attachments": [Attachment(name="a", mimetype="text/plain", data=b"x" * 8_000_001)]},
        {"links": [Link(title="x", url="javascript:alert(1)")]},
        {"incident": "a\nb"},
        {"incident": "i" * 201},
        {"kind": Kind.RESOLVE},
        {"facts": [Fact(name="a", value="b")] * 11},
        {"facts": [Fact(name="", value="b")]},
        {"facts": [Fact(name="a", value="\x00")]},
        {"facts": [Fact(name="a", value="x" * 301)]},
        {"actions": [Action(id=f"a{place}", label="l", value="v") for place in range(6)]},
        {"actions": [Action(id="a", label="l", value="v")] * 2},
        {"actions": [Action(id="a", label="", value="v")]},
        {"actions": [Action(id="a", label="l" * 41, value="v")]},
        {"actions": [Action(id="a", label="l", value="v\n")]},
    ],
)
def test_what_no_channel_should_carry_is_refused_before_it_is_written_down(wrong: dict[str, object]) -> None:
    check_notice(Notice(**GOOD))  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidError, match="This cannot be told"):
        check_notice(Notice(**GOOD | wrong))  # pyright: ignore[reportArgumentType]


def test_slack_gets_no_markup_of_ours_and_a_cut_is_said() -> None:
    notice = Notice(
        title="<!channel> & co", text="&" * 20_000, key="k", links=[Link(title="a|b", url="https://x.example/?a|b>c")]
    )
    text = rendered(notice, new_id())
    assert "<!channel>" not in text
    assert "cut here" in text
    assert len(text) <= TEXT_CHARS
    assert text.endswith("<https://x.example/?a%7Cb&gt;c|a/b>")


@pytest.mark.parametrize(
    ("address", "plain", "domain", "shown"),
    [
        ("Jefa <boss@example.com>", "boss@example.com", "example.com", "b…@example.com"),
        ("boss@example.com", "boss@example.com", "example.com", "b…@example.com"),
    ],
)
def test_addresses_for_the_server_and_for_logs(address: str, plain: str, domain: str, shown: str) -> None:
    assert (bare(address), domain_of(address), masked(address)) == (plain, domain, shown)
    assert (masked("#anclora-reports"), masked("+34600111222")) == ("#anclora-reports", "…222")


async def test_the_settings_make_the_channels() -> None:
    mail = {"smtp_host": "mail.example.com", "smtp_from": "a@example.com", "smtp_to": "b@example.com, c@example.com"}
    channels = build_channels(load_settings(slack_bot_token="xoxb", **mail), SystemClock())  # pyright: ignore[reportArgumentType]
    assert {name: each.targets(Severity.WARNING) for name, each in channels.items()} == {
        "slack": ["#anclora-warnings"],
        "email": ["b@example.com", "c@example.com"],
    }
    await channels.close()
    webhook = build_channels(load_settings(slack_webhook_url="https://hooks.slack.com/services/x"), SystemClock())
    assert webhook["slack"].targets(Severity.INFO) == ["webhook"]
    with pytest.raises(SetupError, match="ANCLORA_SMTP_HOST"):
        webhook["email"]
    with pytest.raises(SetupError, match="There are: slack, email"):
        webhook["pigeon"]


LOUD: dict[str, Any] = {
    "pagerduty_routing_key": "R0123456789abcdefghij0123456789a",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "t-1",
    "twilio_from": "+34911222333",
    "twilio_to": "+34600111222, +34600111333",
    "notify_webhook_url": "https://n/s",
    "notify_webhook_secret": new_secret(),
    "slack_signing_secret": "s-1",
}


def test_no_secret_is_shown_with_the_settings() -> None:
    settings = load_settings(slack_bot_token="xoxb-1", slack_webhook_url="https://h/s", smtp_password="p-1", **LOUD)
    secrets = (
        "xoxb-1",
        "https://h/s",
        "p-1",
        LOUD["pagerduty_routing_key"],
        "t-1",
        "https://n/s",
        LOUD["notify_webhook_secret"],
    )
    assert not any(secret in repr(settings) for secret in secrets)
