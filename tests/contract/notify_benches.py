"""What each channel needs to stand the suite: itself, before its own server, and the words that server fails by."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anclora.notify.contract import Channel, Severity
from anclora.notify.email import Mail, MailAccount
from anclora.notify.slack import SlackBot, SlackWebhook
from tests import slack_server as slack
from tests import smtp_server as smtp

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
    """

    channel: Channel
    target: str
    texts: Callable[[], Sequence[str]]
    files: Callable[[], dict[str, bytes]] | None
    stranger: Channel
    lose: Callable[[], None]
    later: Callable[[], str]
    unreachable: Channel


@contextlib.asynccontextmanager
async def slack_bot(_folder: Path) -> AsyncGenerator[Bench, None]:
    async with slack.slack_server() as server:
        api = f"{server.url}/api"

        def later() -> str:
            server.troubles.append("ratelimited")
            return "#anclora-reports"

        bench = Bench(
            channel=SlackBot(slack.TOKEN, BY_SEVERITY, api_url=api),
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
            channel=SlackWebhook(server.url + slack.WEBHOOK),
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


BENCHES = (slack_bot, slack_webhook, email)
