"""The stand-ins refuse what the vendors refuse, in their words; each refusal of theirs is asked for here by hand."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import aiosmtplib
import pytest
from aiohttp import ClientSession, encode_basic_auth, web
from notify_benches import account

from anclora.kit.ids import new_id
from anclora.kit.signing import signature
from anclora.notify.contract import Delivered, Notice, Outgoing, Refused
from anclora.notify.email import Mail
from tests import notice_sink as sinks
from tests import pagerduty_server as pagerduty
from tests import slack_server as slack
from tests import smtp_server as smtp
from tests import twilio_server as twilio
from tests.loopback import ask, serving
from tests.slack_blocks import wrong_with

NOTICE = Notice(title="Hola", text="x", key="k")
PATIENCE = {"slack": "1", "pagerduty": "30", "twilio": "7", "webhook": "5"}
BEARER = {"Authorization": f"Bearer {slack.TOKEN}"}


def text(words: str, kind: str = "mrkdwn") -> dict[str, str]:
    return {"type": kind, "text": words}


def button(place: int = 0, **members: Any) -> dict[str, Any]:
    return {"type": "button", "text": text("b", "plain_text"), "action_id": f"a{place}", "value": "v"} | members


SECTION = {"type": "section", "text": text("x")}


# ---- too fast


@contextlib.asynccontextmanager
async def hurried(name: str) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
    """A stand-in that has had enough: where to ask, and what with."""
    if name == "slack":
        async with slack.slack_server(lambda: 0.0) as room:
            asked = {"json": {"channel": "#anclora-critical", "text": "x"}, "headers": BEARER}
            await ask(f"{room.url}/api/chat.postMessage", **asked)
            yield f"{room.url}/api/chat.postMessage", asked
    elif name == "pagerduty":
        async with pagerduty.pagerduty_server(lambda: 0.0) as pages:
            for _ in range(120):
                assert (await ask(pages.url + pagerduty.PATH, json=event()))[0] == 202
            yield pages.url + pagerduty.PATH, {"json": event()}
    elif name == "twilio":
        async with twilio.twilio_server() as phones:
            phones.troubles.append("too_many")
            yield f"{phones.url}{ACCOUNT}/Calls.json", {"data": FORM}
    else:
        async with sinks.notice_sink() as sink:
            sink.troubles.append("too_many")
            yield sink.url + sinks.PATH, {"json": {}}


@pytest.mark.parametrize("name", PATIENCE)
async def test_who_comes_too_fast_is_told_how_long_to_wait(name: str) -> None:
    async with (
        hurried(name) as (url, asked),
        ClientSession() as session,
        session.post(url, **asked) as answer,
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (429, PATIENCE[name])


async def test_pagerduty_takes_more_when_the_minute_is_over() -> None:
    now = [0.0]
    async with pagerduty.pagerduty_server(lambda: now[0]) as pages:
        for moment, status in (*[(0.0, 202)] * 120, (59.9, 429), (60.0, 202)):
            now[0] = moment
            assert (await ask(pages.url + pagerduty.PATH, json=event()))[0] == status
        assert (pages.pages, pages.alarms[0].events[1:]) == (1, [event()] * 120)


# ---- Slack


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [SECTION] * 51,
        [{"type": "header", "text": text("x" * 151, "plain_text")}],
        [{"type": "header", "text": text("x")}],
        [{"type": "section", "text": text("x" * 3_001)}],
        [{"type": "section", "text": text("")}],
        [{"type": "section"}],
        [{"type": "section", "fields": [text("x")] * 11}],
        [{"type": "section", "fields": [text("x" * 2_001)]}],
        [{"type": "context", "elements": [text("x")] * 11}],
        [{"type": "actions", "elements": []}],
        [{"type": "actions", "elements": [button(place) for place in range(26)]}],
        [{"type": "actions", "elements": [button(), button()]}],
        [{"type": "actions", "elements": [button(text=text("x" * 76, "plain_text"))]}],
        [{"type": "actions", "elements": [button(value="x" * 2_001)]}],
        [{"type": "actions", "elements": [button(action_id="x" * 256)]}],
        [{"type": "actions", "elements": [button(style="loud")]}],
        [{"type": "carousel"}],
    ],
)
async def test_slack_draws_nothing_of_a_message_with_a_block_that_breaks_a_limit(blocks: list[Any]) -> None:
    assert wrong_with(blocks)
    async with slack.slack_server() as server:
        body = {"channel": "#anclora-critical", "text": "x", "blocks": blocks}
        said = await ask(f"{server.url}/api/chat.postMessage", json=body, headers=BEARER)
        hook = await ask(server.url + slack.WEBHOOK, json={"text": "x", "blocks": blocks})
    assert said == (200, {"ok": False, "error": "invalid_blocks"})
    assert hook == (400, "invalid_blocks")
    assert server.said == []


def test_slack_draws_what_keeps_the_limits() -> None:
    assert wrong_with([SECTION, {"type": "actions", "elements": [button(place) for place in range(25)]}]) is None


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"channel": "C3", "ts": "1.2", "text": "y"}, "message_not_found"),
        ({"channel": "#anclora-critical", "ts": "1700000000.000001", "text": "y"}, "channel_not_found"),
        ({"channel": "C3", "ts": "1700000000.000001", "text": "y" * 40_001}, "msg_too_long"),
        ({"channel": "C3", "ts": "1700000000.000001"}, "no_text"),
    ],
)
async def test_slack_changes_only_a_message_that_is_there_by_its_channels_id(body: dict[str, str], word: str) -> None:
    async with slack.slack_server() as server:
        await ask(f"{server.url}/api/chat.postMessage", json={"channel": "C3", "text": "x"}, headers=BEARER)
        assert (await ask(f"{server.url}/api/chat.update", json=body, headers=BEARER))[1]["error"] == word
        lost = {"channel": "C3", "text": "x", "thread_ts": "1.2"}
        assert (await ask(f"{server.url}/api/chat.postMessage", json=lost, headers=BEARER))[1]["error"] == (
            "thread_not_found"
        )
        assert [each.text for each in server.said] == ["x"]


@pytest.mark.parametrize(("status", "error"), [(200, None), (503, "dispatch_failed: ")])
async def test_slack_shows_an_error_when_a_press_is_not_answered_with_200(status: int, error: str | None) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    async with slack.slack_server() as server, serving(answer) as url:
        assert await server.push(url, {"action_id": "a", "value": "v"}, "s", at=1) == slack.Pushed(status, error)


async def test_slack_waits_no_longer_than_its_patience_for_an_answer() -> None:
    asked: list[str] = []
    let_go = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        asked.append(request.path)
        await let_go.wait()
        return web.Response()

    async with slack.slack_server() as server, serving(silent) as url:
        pushed = await server.push(url, {"action_id": "a", "value": "v"}, "s", at=1, patience_seconds=0.05)
        let_go.set()
    assert pushed == slack.Pushed(None, "operation_timeout")
    assert len(asked) == 1  # and it is not posted again


# ---- PagerDuty


@pytest.fixture
async def pages() -> AsyncGenerator[pagerduty.PagerDutyServer, None]:
    async with pagerduty.pagerduty_server() as running:
        yield running


def event(action: str = "trigger", **members: Any) -> dict[str, Any]:
    payload = {"summary": "s", "source": "anclora", "severity": "critical"}
    whole = {"routing_key": pagerduty.KEY, "event_action": action, "dedup_key": "k", "payload": payload} | members
    return {name: value for name, value in whole.items() if value is not None}


PAYLOAD = {"summary": "s", "source": "anclora", "severity": "critical"}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"routing_key": None}, "'routing_key' is missing"),
        ({"routing_key": "short"}, "Length of 'routing_key'"),
        ({"routing_key": "x" * 32}, "'routing_key' is invalid"),
        ({"event_action": None}, "'event_action'"),
        ({"event_action": "close"}, "'event_action'"),
        ({"payload": None}, "'payload' is missing"),
        ({"payload": PAYLOAD | {"summary": ""}}, "'payload.summary'"),
        ({"payload": PAYLOAD | {"source": ""}}, "'payload.source'"),
        ({"payload": PAYLOAD | {"severity": "page"}}, "'payload.severity'"),
        ({"payload": PAYLOAD | {"summary": "s" * 1_025}}, "Length of 'payload.summary'"),
        ({"dedup_key": "k" * 256}, "Length of 'dedup_key'"),
        ({"event_action": "resolve", "dedup_key": None}, "'dedup_key' is missing"),
        ({"links": [{"text": "x"}]}, "'links' needs href"),
    ],
)
async def test_pagerduty_names_what_an_event_lacks(
    pages: pagerduty.PagerDutyServer, wrong: dict[str, Any], word: str
) -> None:
    status, answer = await ask(pages.url + pagerduty.PATH, json=event(**wrong))
    assert (status, answer["status"]) == (400, "invalid event")
    assert word in "".join(answer["errors"])
    assert pages.alarms == []


async def test_pagerduty_refuses_no_json_another_path_and_too_much(pages: pagerduty.PagerDutyServer) -> None:
    assert (await ask(pages.url + pagerduty.PATH, data=b"{"))[0] == 400
    assert (await ask(pages.url + "/v1/enqueue", json=event()))[0] == 404
    big = event(payload=PAYLOAD | {"custom_details": "x" * 524_288})
    assert (await ask(pages.url + pagerduty.PATH, json=big))[0] == 413


async def test_pagerduty_has_one_alarm_for_a_key_until_it_is_resolved(pages: pagerduty.PagerDutyServer) -> None:
    for action in ("trigger", "trigger", "acknowledge", "trigger", "resolve", "trigger"):
        assert (await ask(pages.url + pagerduty.PATH, json=event(action)))[0] == 202
    assert [(each.state, len(each.events)) for each in pages.alarms] == [("resolved", 5), ("triggered", 1)]
    assert pages.pages == 2


async def test_pagerduty_takes_and_drops_what_speaks_of_a_key_nobody_opened(pages: pagerduty.PagerDutyServer) -> None:
    for action in ("acknowledge", "resolve"):
        status, answer = await ask(pages.url + pagerduty.PATH, json=event(action, dedup_key="unknown", payload=None))
        assert (status, answer["status"]) == (202, "success")
    assert (pages.alarms, len(pages.dropped)) == ([], 2)


# ---- Twilio


@pytest.fixture
async def phones() -> AsyncGenerator[twilio.TwilioServer, None]:
    async with twilio.twilio_server() as running:
        yield running


FORM = {"To": "+34600111222", "From": twilio.SENDER, "Body": "hola", "Twiml": "<Response/>"}
ACCOUNT = f"/2010-04-01/Accounts/{twilio.SID}"


@pytest.mark.parametrize(
    ("path", "form", "status", "code"),
    [
        ("/Messages.json", {"To": "600111222"}, 400, 21211),
        ("/Messages.json", {"To": twilio.NOBODY}, 400, 21211),
        ("/Messages.json", {"To": twilio.STOPPED}, 400, 21610),
        ("/Messages.json", {"To": ""}, 400, 21604),
        ("/Messages.json", {"From": ""}, 400, 21603),
        ("/Messages.json", {"From": "Anclora"}, 400, 21212),
        ("/Messages.json", {"From": "+34911000000"}, 400, 21606),
        ("/Messages.json", {"Body": ""}, 400, 21602),
        ("/Messages.json", {"Body": "x" * 1_601}, 400, 21617),
        ("/Calls.json", {"To": "600111222"}, 400, 21211),
        ("/Calls.json", {"To": ""}, 400, 21201),
        ("/Calls.json", {"From": ""}, 400, 21213),
        ("/Calls.json", {"From": "+34911000000"}, 400, 21210),
        ("/Calls.json", {"Twiml": ""}, 400, 21205),
        ("/Calls.json", {"Twiml": "x" * 4_001}, 400, 21246),
        ("/Faxes.json", {}, 404, 20404),
    ],
)
async def test_twilio_refuses_by_its_codes(
    phones: twilio.TwilioServer, path: str, form: dict[str, str], status: int, code: int
) -> None:
    headers = {"Authorization": encode_basic_auth(twilio.SID, twilio.TOKEN)}
    found, answer = await ask(phones.url + ACCOUNT + path, data=FORM | form, headers=headers)
    assert (found, answer["code"], answer["status"]) == (status, code, status)
    assert (phones.calls, phones.texts) == ([], [])


@pytest.mark.parametrize(
    "proof",
    ["", "Basic !", encode_basic_auth(twilio.SID, "wrong"), encode_basic_auth("AC9", twilio.TOKEN)],
)
async def test_twilio_wants_the_account_and_its_token(phones: twilio.TwilioServer, proof: str) -> None:
    headers = {"Authorization": proof} if proof else {}
    status, answer = await ask(f"{phones.url}{ACCOUNT}/Messages.json", data=FORM, headers=headers)
    assert (status, answer["code"]) == (401, 20003)


# ---- an address of one's own

HEARD = b'{"type": "notice.trigger", "data": {"title": "x"}}'


@pytest.mark.parametrize(
    ("body", "secret", "age_seconds", "without", "status"),
    [
        (HEARD, None, 0, None, 401),
        (HEARD, sinks.SECRET, 301, None, 400),
        (HEARD, sinks.SECRET, -301, None, 400),
        (HEARD, sinks.SECRET, 0, "webhook-id", 400),
        (HEARD, sinks.SECRET, 0, "webhook-timestamp", 400),
        (HEARD, sinks.SECRET, 0, "webhook-signature", 401),
        (b"{", sinks.SECRET, 0, None, 400),
        (b"[]", sinks.SECRET, 0, None, 422),
        (b'{"data": {"title": "x"}}', sinks.SECRET, 0, None, 422),
        (b'{"type": "notice.trigger", "data": {"title": ""}}', sinks.SECRET, 0, None, 422),
    ],
)
async def test_the_sink_takes_what_is_signed_fresh_and_whole(
    body: bytes, secret: str | None, age_seconds: int, without: str | None, status: int
) -> None:
    async with sinks.notice_sink() as sink:
        at = int(time.time()) - age_seconds
        proof = signature([secret], "id", at, body) if secret else "v1,nothing"
        headers = {"webhook-id": "id", "webhook-timestamp": str(at), "webhook-signature": proof}
        headers.pop(without or "", None)
        assert (await ask(sink.url + sinks.PATH, data=body, headers=headers))[0] == status
        assert sink.heard == {}


async def test_the_sink_hears_each_id_once_whatever_comes_under_it_later() -> None:
    async with sinks.notice_sink() as sink:
        for body in (HEARD, HEARD.replace(b"x", b"another")):
            at = int(time.time())
            proof = signature([sinks.SECRET], "id", at, body)
            headers = {"webhook-id": "id", "webhook-timestamp": str(at), "webhook-signature": proof}
            assert (await ask(sink.url + sinks.PATH, data=body, headers=headers))[0] == 204
        assert sink.heard["id"]["data"] == {"title": "x"}


# ---- mail

MAIL = b"From: a@example.com\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nhola\r\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (MAIL, 250),
        *((MAIL.replace(name, b"X-"), 550) for name in (b"From: ", b"Date: ", b"Message-ID: ")),
        (MAIL + b"x" * smtp.MOST_BYTES, 552),
    ],
    ids=["whole", "from", "date", "id", "size"],
)
async def test_the_mail_server_takes_what_says_who_when_and_which_and_is_not_too_big(data: bytes, code: int) -> None:
    async with smtp.smtp_server() as server:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port, start_tls=False)
        await client.connect()
        await client.login(smtp.USER, smtp.PASSWORD)
        await client.mail("a@example.com")
        await client.rcpt("b@example.com")
        try:
            answered = (await client.data(data)).code
        except aiosmtplib.SMTPDataError as error:
            answered = error.code
        client.close()
    assert answered == code
    assert len(server.taken) == (code == 250)


async def test_a_mail_server_nobody_may_ask_so_often_is_asked_again_later() -> None:
    async with smtp.smtp_server() as server:
        server.busy = 1
        outgoing = Outgoing(id=new_id(), target="b@example.com", at=datetime(2026, 11, 27, tzinfo=UTC), notice=NOTICE)
        mail = Mail(account(server.port, tls="none"), [])
        first, second = [await mail.send(outgoing) for _ in range(2)]
    assert isinstance(first, Refused)
    assert (first.code, first.permanent) == ("smtp_421", False)
    assert isinstance(second, Delivered)
