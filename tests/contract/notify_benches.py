"""What each channel needs to stand the suite: itself, before its own server, and the words that server fails by."""

import contextlib
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anclora.kit.clock import SystemClock
from anclora.kit.severity import Severity
from anclora.notify.contract import Channel
from anclora.notify.email import Mail, MailAccount
from anclora.notify.pagerduty import PagerDuty
from anclora.notify.slack import SlackBot, SlackWebhook
from anclora.notify.twilio import TwilioAccount, TwilioText, TwilioVoice
from anclora.notify.webhook import NoticeWebhook
from tests import notice_sink as sinks
from tests import pagerduty_server as pagerduty
from tests import slack_server as slack
from tests import smtp_server as smtp
from tests import twilio_server as twilio

BY_SEVERITY = {
    Severity.INFO: "#anclora-reports",
    Severity.WARNING: "#anclora-warnings",
    Severity.CRITICAL: "#anclora-critical",
}


@dataclass(kw_only=True)
class Bench:
    """A channel and its server.

    Attributes:
        target: one that takes everything.
        texts: what arrived, as whoever reads it sees it.
        files: names and bytes of files that arrived.
        stranger: the same channel with a secret nobody knows.
        lose: the next notice is taken, and the answer to it is lost.
        later: the next one is refused for a time; the target to use.
        unreachable: the same channel where nobody listens.
        spoken: it is read out: line ends are pauses, and links are left out.
    """

    channel: Channel
    target: str
    texts: Callable[[], Sequence[str]]
    files: Callable[[], dict[str, bytes]] | None
    stranger: Channel
    lose: Callable[[], None]
    later: Callable[[], str]
    unreachable: Channel
    spoken: bool = False


@contextlib.asynccontextmanager
async def slack_bot(_folder: Path) -> AsyncGenerator[Bench, None]:
    async with slack.slack_server() as server:
        api = f"{server.url}/api"

        def later() -> str:
            server.troubles.append("ratelimited")
            return "#anclora-reports"

        bench = Bench(
            channel=SlackBot(slack.TOKEN, BY_SEVERITY, api_url=api, buttons=True),
            target="#anclora-reports",
            texts=lambda: [each.text for each in server.said if each.text],
            files=lambda: {name: data for each in server.said for name, data in each.files.items()},
            stranger=SlackBot("xoxb-wrong", BY_SEVERITY, api_url=api),
            lose=lambda: server.troubles.append("lost"),
            later=later,
            unreachable=SlackBot(slack.TOKEN, BY_SEVERITY, api_url="http://127.0.0.1:1/api"),
        )
        async with closing(bench):
            yield bench


@contextlib.asynccontextmanager
async def slack_webhook(_folder: Path) -> AsyncGenerator[Bench, None]:
    async with slack.slack_server() as server:

        def later() -> str:
            server.troubles.append("ratelimited")
            return "webhook"

        bench = Bench(
            channel=SlackWebhook(server.url + slack.WEBHOOK, buttons=True),
            target="webhook",
            texts=lambda: [each.text for each in server.said],
            files=None,
            stranger=SlackWebhook(f"{server.url}/services/T0/B0/wrong"),
            lose=lambda: server.troubles.append("lost"),
            later=later,
            unreachable=SlackWebhook("http://127.0.0.1:1/services/T0/B0/secret"),
        )
        async with closing(bench):
            yield bench


def account(port: int, *, password: str = smtp.PASSWORD, tls: str = "starttls") -> MailAccount:
    """The account of the tests."""
    assert tls in ("starttls", "tls", "none")
    return MailAccount(
        host="127.0.0.1",
        port=port,
        tls=tls,
        sender="Anclora <reports@example.com>",
        user=smtp.USER,
        password=password,
    )


@contextlib.asynccontextmanager
async def email(folder: Path) -> AsyncGenerator[Bench, None]:
    server_tls, client_tls = smtp.certificate(folder)
    async with smtp.smtp_server(server_tls) as server:

        def lose() -> None:
            server.lose += 1

        bench = Bench(
            channel=Mail(account(server.port), ["boss@example.com"], tls=client_tls),
            target="boss@example.com",
            texts=lambda: [_words(each) for each in server.taken],
            files=lambda: {
                str(part.get_filename()): part.get_content()
                for each in server.taken
                for part in each.message.iter_attachments()
            },
            stranger=Mail(account(server.port, password="wrong"), ["boss@example.com"], tls=client_tls),
            lose=lose,
            later=lambda: smtp.GREYLISTED,
            unreachable=Mail(account(1), ["boss@example.com"], tls=client_tls),
        )
        async with closing(bench):
            yield bench


@contextlib.asynccontextmanager
async def page(_folder: Path) -> AsyncGenerator[Bench, None]:
    async with pagerduty.pagerduty_server() as server:

        def later() -> str:
            server.troubles.append("too_many")
            return "service"

        def read(event: dict[str, Any]) -> str:
            links = [f"{link['text']}: {link['href']}" for link in event["links"]]
            details = [f"{name}: {value}" for name, value in event["payload"]["custom_details"].items()]
            return "\n".join([event["payload"]["summary"], *details, *links])

        url = server.url + pagerduty.PATH
        bench = Bench(
            channel=PagerDuty(pagerduty.KEY, url=url),
            target="service",
            texts=lambda: [read(alarm.events[0]) for alarm in server.alarms],
            files=None,
            stranger=PagerDuty("wrong0123456789abcdefghij0123456", url=url),
            lose=lambda: server.troubles.append("lost"),
            later=later,
            unreachable=PagerDuty(pagerduty.KEY, url="http://127.0.0.1:1/v2/enqueue"),
        )
        async with closing(bench):
            yield bench


PHONE = "+34600111222"


@contextlib.asynccontextmanager
async def voice(_folder: Path) -> AsyncGenerator[Bench, None]:
    async with twilio.twilio_server() as server:

        def later() -> str:
            server.troubles.append("too_many")
            return PHONE

        def channel(token: str, url: str) -> TwilioVoice:
            account = TwilioAccount(twilio.SID, token, url=url)
            return TwilioVoice(account, twilio.SENDER, [PHONE], lang="es", public_url="https://wa.example.com")

        bench = Bench(
            channel=channel(twilio.TOKEN, server.url),
            target=PHONE,
            texts=lambda: [call.says for call in server.calls],
            files=None,
            stranger=channel("wrong", server.url),
            lose=lambda: server.troubles.append("lost"),
            later=later,
            unreachable=channel(twilio.TOKEN, "http://127.0.0.1:1"),
            spoken=True,
        )
        async with closing(bench):
            yield bench


@contextlib.asynccontextmanager
async def sms(_folder: Path) -> AsyncGenerator[Bench, None]:
    async with twilio.twilio_server() as server:

        def later() -> str:
            server.troubles.append("too_many")
            return PHONE

        def channel(token: str, url: str) -> TwilioText:
            return TwilioText(TwilioAccount(twilio.SID, token, url=url), twilio.SENDER, [PHONE])

        bench = Bench(
            channel=channel(twilio.TOKEN, server.url),
            target=PHONE,
            texts=lambda: [text.body for text in server.texts],
            files=None,
            stranger=channel("wrong", server.url),
            lose=lambda: server.troubles.append("lost"),
            later=later,
            unreachable=channel(twilio.TOKEN, "http://127.0.0.1:1"),
        )
        async with closing(bench):
            yield bench


@contextlib.asynccontextmanager
async def webhook(_folder: Path) -> AsyncGenerator[Bench, None]:
    async with sinks.notice_sink() as sink:

        def later() -> str:
            sink.troubles.append("too_many")
            return "127.0.0.1"

        def read(told: dict[str, Any]) -> str:
            data = told["data"]
            facts = [f"{fact['name']}: {fact['value']}" for fact in data["facts"]]
            return "\n".join([data["title"], data["text"], *facts, *(link["url"] for link in data["links"])])

        def channel(secret: str, url: str) -> NoticeWebhook:
            return NoticeWebhook(url + sinks.PATH, secret, SystemClock())

        stranger = "whsec_" + b64encode(b"wrong" * 6).decode()
        bench = Bench(
            channel=channel(sinks.SECRET, sink.url),
            target="127.0.0.1",
            texts=lambda: [read(told) for told in sink.heard.values()],
            files=None,
            stranger=channel(stranger, sink.url),
            lose=lambda: sink.troubles.append("lost"),
            later=later,
            unreachable=channel(sinks.SECRET, "http://127.0.0.1:1"),
        )
        async with closing(bench):
            yield bench


def _words(mailed: smtp.Mailed) -> str:
    body = mailed.message.get_body(("plain",))
    assert body is not None
    return f"{mailed.message['Subject']}\n{body.get_content()}".replace("\r\n", "\n")


@contextlib.asynccontextmanager
async def closing(bench: Bench) -> AsyncGenerator[None, None]:
    """Close the channels of a bench at the end."""
    try:
        yield
    finally:
        for channel in (bench.channel, bench.stranger, bench.unreachable):
            await channel.close()


BENCHES = (slack_bot, slack_webhook, email, page, voice, sms, webhook)
