"""What Slack and mail servers refuse: the stand-ins say it in the vendor's words, and each word gets its policy."""

import ssl
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import aiosmtplib
import pytest
from notify_benches import BY_SEVERITY, account

from anclora.kit.ids import new_id
from anclora.kit.wire import Answer
from anclora.notify.contract import Attachment, Delivered, Notice, Outcome, Outgoing, Refused, Unknown
from anclora.notify.email import Mail
from anclora.notify.slack import SlackBot, SlackWebhook
from anclora.notify.slack.errors import refusal, unusual
from tests import slack_server as slack
from tests import smtp_server as smtp
from tests.conftest import needs
from tests.loopback import ask

NOTICE = Notice(title="Hola", text="qué tal", key="k")
WITH_FILE = Notice(
    title="Hola", text="qué tal", key="k", attachments=[Attachment(name="a.txt", mimetype="text/plain", data=b"abc")]
)


def to(target: str, notice: Notice = NOTICE) -> Outgoing:
    return Outgoing(id=new_id(), target=target, at=datetime(2026, 11, 27, tzinfo=UTC), notice=notice)


@pytest.fixture
async def server() -> AsyncGenerator[slack.SlackServer, None]:
    async with slack.slack_server() as running:
        yield running


async def by_bot(server: slack.SlackServer, outgoing: Outgoing, token: str = slack.TOKEN) -> Outcome:
    bot = SlackBot(token, BY_SEVERITY, api_url=f"{server.url}/api")
    try:
        return await bot.send(outgoing)
    finally:
        await bot.close()


async def by_hook(server: slack.SlackServer, path: str) -> Outcome:
    hook = SlackWebhook(server.url + path)
    try:
        return await hook.send(to("webhook"))
    finally:
        await hook.close()


def refused(outcome: Outcome) -> tuple[str, bool]:
    assert isinstance(outcome, Refused), outcome
    return outcome.code, outcome.permanent


@pytest.mark.parametrize(
    ("body", "token", "word"),
    [
        ({"channel": "#anclora-reports", "text": "x"}, "xoxb-wrong", "invalid_auth"),
        ({"channel": "#anclora-reports", "text": "x"}, None, "not_authed"),
        ({"channel": "#nowhere", "text": "x"}, slack.TOKEN, "channel_not_found"),
        ({"channel": "#old", "text": "x"}, slack.TOKEN, "is_archived"),
        ({"channel": "#foreign", "text": "x"}, slack.TOKEN, "not_in_channel"),
        ({"channel": "#anclora-reports"}, slack.TOKEN, "no_text"),
        ({"channel": "#anclora-reports", "text": "x" * 40_001}, slack.TOKEN, "msg_too_long"),
    ],
)
async def test_the_stand_in_refuses_what_slack_refuses(
    server: slack.SlackServer, body: dict[str, str], token: str | None, word: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    status, answer = await ask(f"{server.url}/api/chat.postMessage", json=body, headers=headers)
    assert (status, answer) == (200, {"ok": False, "error": word})
    assert refusal(word).permanent
    assert server.said == []


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        (slack.WEBHOOK, b'{"text":""}', 400, "no_text"),
        (slack.WEBHOOK, b"no json", 400, "invalid_payload"),
        (slack.WEBHOOK, b'{"text":"%s"}' % (b"x" * 40_001), 400, "msg_too_long"),
        (slack.GONE_WEBHOOK, b'{"text":"x"}', 404, "no_service"),
        ("/services/T0/B0/guess", b'{"text":"x"}', 403, "invalid_token"),
    ],
)
async def test_the_stand_ins_webhook_refuses_what_slacks_does(
    server: slack.SlackServer, path: str, body: bytes, status: int, word: str
) -> None:
    headers = {"content-type": "application/json"}
    assert await ask(server.url + path, data=body, headers=headers) == (status, word)
    assert refusal(word).permanent


async def test_slack_takes_one_message_a_second_and_says_how_long_to_wait() -> None:
    now = [0.0]
    async with slack.slack_server(lambda: now[0]) as server:
        first, second = [await by_bot(server, to("#anclora-reports")) for _ in range(2)]
        elsewhere = await by_bot(server, to("#anclora-warnings"))
        now[0] += 1
        third = await by_bot(server, to("#anclora-reports"))
        hooks = [await by_hook(server, slack.WEBHOOK) for _ in range(2)]
    assert [type(each) for each in (first, elsewhere, third, hooks[0])] == [Delivered] * 4
    for each in (second, hooks[1]):
        assert isinstance(each, Refused)
        assert (each.code, each.permanent, each.retry_after_seconds) == ("ratelimited", False, 1.0)


@pytest.mark.parametrize("target", ["#nowhere", "#old", "#foreign"])
async def test_a_channel_that_cannot_be_is_refused_for_good_with_what_to_do(
    server: slack.SlackServer, target: str
) -> None:
    outcome = await by_bot(server, to(target))
    assert refused(outcome)[1]
    assert isinstance(outcome, Refused)
    assert outcome.text.endswith(".")


async def test_without_the_right_to_bring_files_the_words_go_all_the_same(server: slack.SlackServer) -> None:
    outcome = await by_bot(server, to("#anclora-reports", WITH_FILE), slack.LIMITED_TOKEN)
    assert isinstance(outcome, Delivered)
    assert [line[:6] for line in outcome.left_out] == ["a.txt:"]
    assert "files:write" in outcome.left_out[0]
    assert len(server.said) == 1


async def test_a_file_refused_for_a_time_holds_the_words_back_so_that_nothing_is_said_twice(
    server: slack.SlackServer,
) -> None:
    server.troubles.append("ratelimited")
    assert refused(await by_bot(server, to("#anclora-reports", WITH_FILE))) == ("ratelimited", False)
    assert server.said == []


async def test_a_file_that_cannot_be_shown_after_the_words_is_told_as_left_out(server: slack.SlackServer) -> None:
    server.troubles += ["", "", "", "server_error"]  # place, upload, words, showing
    outcome = await by_bot(server, to("#anclora-reports", WITH_FILE))
    assert isinstance(outcome, Delivered)
    assert outcome.left_out == ["a.txt: Slack answered 503."]


async def test_a_file_stands_in_the_thread_of_its_words(server: slack.SlackServer) -> None:
    outcome = await by_bot(server, to("#anclora-reports", WITH_FILE))
    words, file = server.said
    assert isinstance(outcome, Delivered)
    assert (f"C1/{file.thread}", words.channel, file.files) == (outcome.vendor_id, file.channel, {"a.txt": b"abc"})


async def test_an_upload_is_checked_by_the_stand_in(server: slack.SlackServer) -> None:
    bearer = {"Authorization": f"Bearer {slack.TOKEN}"}
    place = f"{server.url}/api/files.getUploadURLExternal"
    show = f"{server.url}/api/files.completeUploadExternal"
    assert (await ask(place, json={"filename": "a", "length": 3}, headers=bearer))[1]["error"] == ("invalid_arguments")
    _, given = await ask(place, data={"filename": "a", "length": "3"}, headers=bearer)
    assert (await ask(given["upload_url"], data=b"abc", headers=bearer))[0] == 403
    assert (await ask(given["upload_url"], data=b"abcd"))[0] == 400
    shown = {"files": [{"id": given["file_id"]}], "channel_id": "C1"}
    assert (await ask(show, json=shown, headers=bearer))[1]["error"] == "file_not_found"
    assert (await ask(show, json=shown | {"channel_id": "#a"}, headers=bearer))[1]["error"] == "channel_not_found"


@pytest.mark.parametrize("trouble", ["server_error", "garbled"])
async def test_an_unclear_answer_is_a_doubt(server: slack.SlackServer, trouble: str) -> None:
    server.troubles.append(trouble)
    assert isinstance(await by_bot(server, to("#anclora-reports")), Unknown)


async def test_a_webhook_that_was_removed_is_refused_for_good(server: slack.SlackServer) -> None:
    assert refused(await by_hook(server, slack.GONE_WEBHOOK)) == ("no_service", True)


@pytest.mark.parametrize(("header", "seconds"), [(b"30", 30.0), (b"", 1.0), (b"999999", 3_600.0)])
def test_retry_after_is_kept_within_bounds(header: bytes, seconds: float) -> None:
    found = unusual(Answer(429, b"", [(b"retry-after", header)]))
    assert isinstance(found, Refused)
    assert found.retry_after_seconds == seconds


def test_a_word_nobody_knows_is_tried_again() -> None:
    assert (refusal("team_on_fire").permanent, refusal("").code) == (False, "no_reason")


# ---- mail


@pytest.fixture
async def post(tmp_path: Path) -> AsyncGenerator[tuple[smtp.MailServer, ssl.SSLContext], None]:
    needs("openssl")
    ours, theirs = smtp.certificate(tmp_path)
    async with smtp.smtp_server(ours) as running:
        yield running, theirs


Post = tuple[smtp.MailServer, ssl.SSLContext]


@pytest.mark.parametrize(
    ("recipient", "code", "permanent"),
    [(smtp.NOBODY, "smtp_550", True), (smtp.GREYLISTED, "smtp_450", False), (smtp.FULL, "smtp_452", False)],
)
async def test_a_refused_recipient_by_its_code(post: Post, recipient: str, code: str, permanent: bool) -> None:
    server, trust = post
    outcome = await Mail(account(server.port), [recipient], tls=trust).send(to(recipient))
    assert refused(outcome) == (code, permanent)
    assert server.taken == []


async def test_a_wrong_login_names_the_settings(post: Post) -> None:
    server, trust = post
    outcome = await Mail(account(server.port, password="wrong"), [], tls=trust).send(to("a@example.com"))
    assert refused(outcome) == ("smtp_535", True)
    assert isinstance(outcome, Refused)
    assert "ANCLORA_SMTP_PASSWORD" in outcome.text


async def test_a_mail_goes_encrypted_and_says_who_wrote_it_when(post: Post) -> None:
    server, trust = post
    outgoing = to("Jefa <boss@example.com>")
    mail = Mail(account(server.port), [], tls=trust)
    assert [type(await mail.send(outgoing)) for _ in range(2)] == [Delivered] * 2
    first, second = server.taken
    assert (first.encrypted, first.sender, first.recipient) == (True, "reports@example.com", "boss@example.com")
    assert first.data == second.data  # a reader's program shows one
    assert first.message["Message-ID"] == f"<{outgoing.id}@example.com>"
    assert first.message["Date"].datetime == outgoing.at


async def test_a_certificate_nobody_vouches_for_gets_no_password(post: Post) -> None:
    server, _ = post
    assert refused(await Mail(account(server.port), []).send(to("a@example.com"))) == ("tls", True)
    assert server.taken == []


async def test_a_server_without_starttls_gets_no_password() -> None:
    async with smtp.smtp_server() as server:
        assert refused(await Mail(account(server.port), []).send(to("a@example.com"))) == ("not_supported", True)
        plain = await Mail(account(server.port, tls="none"), []).send(to("a@example.com"))
    assert isinstance(plain, Delivered)
    assert [each.encrypted for each in server.taken] == [False]


async def test_an_address_that_mail_cannot_carry_is_refused_for_good(post: Post) -> None:
    server, trust = post
    mail = Mail(account(server.port), [], tls=trust)
    assert refused(await mail.send(to("señor@example.com"))) == ("bad_address", True)


async def test_the_stand_in_wants_encryption_then_a_login_then_a_recipient(post: Post) -> None:
    server, trust = post
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port, start_tls=False, tls_context=trust)
    await client.connect()
    assert (await client.execute_command(b"AUTH", b"PLAIN", b"AHgAeQ==")).code == 538
    assert (await client.execute_command(b"MAIL", b"FROM:<a@example.com>")).code == 530
    assert (await client.execute_command(b"DATA")).code == 503
    client.close()
