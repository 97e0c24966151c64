"""Buttons and digits: only genuine ones are acted on, the act is committed first, and nobody is left without a word."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlencode

import pytest
from api_harness import Answered, House, house
from structlog.testing import capture_logs

from anclora.api import presses
from anclora.kit.errors import ConflictError
from anclora.kit.ids import new_id
from anclora.kit.severity import Severity
from anclora.notify import Action, Messenger, Notice, Press, Reply, tell
from anclora.notify.slack import signature_of
from anclora.storage.database import Database
from tests import slack_server as slack
from tests import twilio_server as twilio
from tests.waiting import eventually

SECRET, PUBLIC = "signing-secret", "https://wa.example.com"
PATH = "/webhooks/slack/interactive"
TAKE = {"action_id": "acknowledge", "value": "7"}


class Desk:
    """Acts on presses as a test says, and commits before it answers."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.presses: list[Press] = []
        self.silent = False

    async def on_action(self, press: Press) -> Reply:
        if self.silent:
            await asyncio.Event().wait()
        if press.action not in ("acknowledge", "escalate"):
            return Reply(text="Nobody knows this button any more; look at the incident.", done=False)
        if press.value == "over":
            raise ConflictError("It is over already; nothing is left to do.")
        self.presses.append(press)
        await self.db.execute(
            "insert into audit (id, actor, action, subject) values (%(id)s, %(by)s, 'incident.acknowledge', '7')",
            id=new_id(),
            by=press.by,
        )
        return Reply(text="You have it <now>.")


@pytest.fixture
async def server() -> AsyncGenerator[slack.SlackServer, None]:
    async with slack.slack_server() as running:
        yield running


@pytest.fixture
async def phones() -> AsyncGenerator[twilio.TwilioServer, None]:
    async with twilio.twilio_server() as running:
        yield running


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db)


@pytest.fixture
async def doors(
    db: Database, redis: Any, desk: Desk, server: slack.SlackServer, phones: twilio.TwilioServer
) -> AsyncGenerator[House, None]:
    settings: dict[str, Any] = {
        "slack_bot_token": slack.TOKEN,
        "slack_api_url": f"{server.url}/api",
        "slack_signing_secret": SECRET,
        "public_url": PUBLIC,
        "twilio_account_sid": twilio.SID,
        "twilio_auth_token": twilio.TOKEN,
        "twilio_from": twilio.SENDER,
        "twilio_to": "+34600111222",
        "twilio_api_url": phones.url,
    }
    async with house(db, redis, on_action=desk, **settings) as running:
        yield running


def now(doors: House) -> int:
    return int(doors.deps.clock.now().timestamp())


async def press(
    doors: House, server: slack.SlackServer, button: dict[str, Any], *, at: int | None = None
) -> slack.Pushed:
    return await server.push(doors.address + PATH, button, SECRET, at=now(doors) if at is None else at)


async def whispered(server: slack.SlackServer) -> dict[str, Any]:
    async def there() -> bool:
        return bool(server.whispered)

    await eventually(there)
    return server.whispered[0]


# ---- Slack


async def test_a_press_is_committed_before_slack_has_its_answer_and_whoever_pressed_is_told(
    doors: House, server: slack.SlackServer, desk: Desk
) -> None:
    assert await press(doors, server, TAKE) == slack.Pushed(200, None)
    [row] = await doors.deps.db.fetch_all("select actor from audit where action = 'incident.acknowledge'")
    assert row["actor"] == "U01ANA"
    [pressed] = desk.presses
    assert (pressed.action, pressed.value, pressed.via, pressed.name) == ("acknowledge", "7", "slack", "u01ana")
    assert await whispered(server) == {
        "response_type": "ephemeral",
        "replace_original": False,
        "text": "You have it &lt;now&gt;.",
    }


async def test_the_button_of_a_posted_message_reaches_whoever_acts(
    doors: House, server: slack.SlackServer, desk: Desk
) -> None:
    deps = doors.deps
    notice = Notice(
        title="Cola parada",
        text="x",
        key="k",
        severity=Severity.CRITICAL,
        incident="7",
        actions=[Action(id="acknowledge", label="Lo tengo", value="incident 7 & más")],
    )
    async with deps.db.transaction() as conn:
        await tell(conn, notice, {"slack": ["#anclora-critical"]}, now=deps.clock.now())
    messenger = Messenger(deps.db, deps.channels, deps.clock)
    await messenger.run_once()
    await messenger.settle()
    assert (await press(doors, server, server.said[0].buttons[0])).status == 200
    assert desk.presses[0].value == "incident 7 & más"


@pytest.mark.parametrize("age_seconds", [301, -330, 3_600])  # of the future one, what the test takes goes off
async def test_an_old_press_is_somebody_playing_it_back(
    doors: House, server: slack.SlackServer, desk: Desk, age_seconds: int
) -> None:
    pushed = await press(doors, server, TAKE, at=now(doors) - age_seconds)
    assert (pushed.status, desk.presses) == (401, [])
    assert "old_signature" in str(pushed.error)


async def test_a_press_within_the_window_counts(doors: House, server: slack.SlackServer, desk: Desk) -> None:
    await press(doors, server, TAKE, at=now(doors) - 280)
    assert len(desk.presses) == 1


async def ask(doors: House, body: bytes, *, proof: str | None = None, at: str | None = None) -> Answered:
    stamp = at if at is not None else str(now(doors))
    headers = {"X_Slack_Signature": proof or signature_of(body, stamp, SECRET)}
    if at != "none":
        headers["X_Slack_Request_Timestamp"] = stamp
    return await doors.ask("POST", PATH, data=body, key=None, **headers)


@pytest.mark.parametrize("proof", ["v0=00", "ñ", "v0=" + "0" * 64])
async def test_a_wrong_signature_is_refused_before_anything_is_read(doors: House, desk: Desk, proof: str) -> None:
    answered = await ask(doors, b"payload={", proof=proof.encode().decode("latin-1"))
    assert (answered.status, answered.json["code"], desk.presses) == (401, "wrong_signature", [])


async def test_a_signature_of_another_body_or_time_proves_nothing(doors: House) -> None:
    stamp = str(now(doors))
    assert (await ask(doors, b"payload=2", proof=signature_of(b"payload=1", stamp, SECRET))).status == 401
    later = signature_of(b"payload=1", str(int(stamp) - 200), SECRET)
    assert (await ask(doors, b"payload=1", proof=later)).status == 401


@pytest.mark.parametrize("at", ["none", "", "soon", "-5", "1" * 20])
async def test_a_time_that_is_none_is_refused(doors: House, at: str) -> None:
    assert (await ask(doors, b"payload=1", at=at)).status == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"payload=1&payload=2", b"payload={", b"payload=%ff", b"payload=[]", b"\xff", b"a=1", b"payload={}"],
)
async def test_what_is_no_payload_of_slacks_is_refused(doors: House, body: bytes) -> None:
    answered = await ask(doors, body)
    assert (answered.status, answered.json["code"]) == (400, "malformed_webhook")


@pytest.mark.parametrize("payload", ['{"type":"view_submission"}', '{"type":"block_actions","user":{"id":"U1"}}'])
async def test_an_interaction_that_is_no_press_is_answered_and_left_alone(
    doors: House, payload: str, desk: Desk
) -> None:
    assert (await ask(doors, urlencode({"payload": payload}).encode())).status == 200
    assert desk.presses == []


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"action_id": "dance", "value": "7"}, "Nobody knows this button any more"),
        ({"action_id": "acknowledge", "value": "over"}, "It is over already"),
        ({"action_id": "trial", "value": "x"}, "The button works"),
    ],
)
async def test_an_old_or_unknown_button_is_answered_kindly(
    doors: House, server: slack.SlackServer, button: dict[str, str], words: str
) -> None:
    assert (await press(doors, server, button)).status == 200
    assert words in (await whispered(server))["text"]


async def test_an_act_that_takes_too_long_is_given_up_in_time_and_that_is_said(
    doors: House, server: slack.SlackServer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert presses._ACT_SECONDS < 2.5  # Slack waits three
    monkeypatch.setattr(presses, "_ACT_SECONDS", 0.05)
    desk.silent = True
    assert (await press(doors, server, TAKE)).status == 200
    assert "press again" in (await whispered(server))["text"]


async def test_where_nobody_acts_that_is_said(db: Database, redis: Any, server: slack.SlackServer) -> None:
    async with house(
        db, redis, slack_bot_token="t", slack_signing_secret=SECRET, slack_api_url=f"{server.url}/api"
    ) as doors:
        assert (await press(doors, server, TAKE)).status == 200
        assert "command line" in (await whispered(server))["text"]


async def test_a_slack_that_is_not_configured_has_no_door(db: Database, redis: Any) -> None:
    async with house(db, redis) as doors:
        answered = await ask(doors, b"payload=1")
    assert (answered.status, answered.json["code"]) == (404, "no_slack")


async def test_an_answer_goes_to_slack_and_nowhere_else(doors: House, server: slack.SlackServer) -> None:
    address = server.url
    server.url = "http://127.0.0.1:9"  # what a forged payload might name
    try:
        with capture_logs() as lines:
            assert (await press(doors, server, TAKE)).status == 200
    finally:
        server.url = address
    assert server.whispered == []
    assert not [line for line in lines if line["event"] == "press_not_answered"]


# ---- the phone


async def call(doors: House, phones: twilio.TwilioServer) -> twilio.Call:
    deps = doors.deps
    actions = [Action(id="acknowledge", label="Lo tengo", value="7"), Action(id="escalate", label="Escalar", value="7")]
    notice = Notice(title="Cola parada", text="x", key=str(new_id()), severity=Severity.CRITICAL, actions=actions)
    async with deps.db.transaction() as conn:
        await tell(conn, notice, {"voice": ["+34600111222"]}, now=deps.clock.now())
    messenger = Messenger(deps.db, deps.channels, deps.clock)
    await messenger.run_once()
    await messenger.settle()
    return phones.calls[-1]


async def test_a_digit_on_the_phone_acknowledges(doors: House, phones: twilio.TwilioServer, desk: Desk) -> None:
    status, said = await phones.press(await call(doors, phones), "1", at=doors.address)
    assert (status, said) == (200, "You have it <now>.")
    [pressed] = desk.presses
    assert (pressed.action, pressed.value, pressed.via, pressed.by) == ("acknowledge", "7", "voice", "+34600111222")


@pytest.mark.parametrize("digit", ["9", "0", "#", "", "12"])
async def test_another_digit_does_nothing_and_that_is_said(
    doors: House, phones: twilio.TwilioServer, desk: Desk, digit: str
) -> None:
    status, said = await phones.press(await call(doors, phones), digit, at=doors.address)
    assert (status, said, desk.presses) == (200, "Esa tecla no hace nada.", [])


async def test_a_digit_for_a_notice_that_is_gone_is_answered_kindly(
    doors: House, phones: twilio.TwilioServer, desk: Desk
) -> None:
    ringing = await call(doors, phones)
    await doors.deps.db.execute("delete from notices")
    assert await phones.press(ringing, "1", at=doors.address) == (200, "Ese aviso ya no está. Gracias.")
    assert desk.presses == []


async def test_a_digit_somebody_else_signed_is_refused(doors: House, phones: twilio.TwilioServer, desk: Desk) -> None:
    ringing = await call(doors, phones)
    assert (await phones.press(ringing, "1", at=doors.address, token="wrong"))[0] == 401
    signed_elsewhere = twilio.Call(ringing.sid, ringing.to, "", f"https://other.example{ringing.digits_url}")
    assert (await phones.press(signed_elsewhere, "1", at=doors.address))[0] in (401, 404)
    assert desk.presses == []


async def test_no_log_line_has_the_number_that_was_called(
    doors: House, phones: twilio.TwilioServer, server: slack.SlackServer
) -> None:
    with capture_logs() as lines:
        await phones.press(await call(doors, phones), "1", at=doors.address)
    assert [line for line in lines if line["event"] == "pressed"]
    assert "34600111222" not in str(lines)


# ---- notices


async def test_a_channel_is_tried_out_and_who_may_not_is_refused(doors: House, server: slack.SlackServer) -> None:
    wish = {"channel": "slack", "severity": "warning"}
    tried = (await doors.ask("POST", "/api/v1/notices/test", json=wish)).json
    assert tried["notice"]["fresh"] == ["slack:#anclora-warnings"]
    notices = (await doors.ask("GET", "/api/v1/notices")).json["notices"]
    assert [(each["key"], each["kind"]) for each in notices] == [(tried["key"], "trigger")]
    wrong = await doors.ask("POST", "/api/v1/notices/test", json={"channel": "email"})
    assert (wrong.status, wrong.json["code"]) == (422, "channel_not_configured")
    assert "ANCLORA_SMTP_HOST" in wrong.json["detail"]
    poor = await doors.make_key("notices:read")
    assert (await doors.ask("POST", "/api/v1/notices/test", json=wish, key=poor)).status == 403


async def test_the_ways_are_shown_as_they_are_open(doors: House) -> None:
    shown = (await doors.ask("GET", "/api/v1/notices/channels")).json
    assert [each["name"] for each in shown["channels"]] == ["slack", "sms", "voice"]
    assert shown["ways"]["critical"] == [["voice", "sms"], ["slack"]]
    assert shown["ways"]["warning"] == [["slack"]]
    assert "right" not in str(shown)
