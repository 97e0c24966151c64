"""Notices from the row to Slack and a mailbox: once, in the vendor's pace, tried again by outcome, never in silence."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from api_harness import HandClock

from anclora.kit.errors import InvalidError
from anclora.kit.lifecycle import running
from anclora.kit.settings import load_settings
from anclora.kit.severity import Severity
from anclora.notify import Attachment, Channels, Messenger, Notice, NoticeView, build_channels
from anclora.notify import find_notice as find
from anclora.notify import tell as write_down
from anclora.notify.contract import EVERY_KIND, Outcome, Outgoing, Refused
from anclora.notify.tell import Told
from anclora.storage.database import Database
from tests import slack_server as slack
from tests import smtp_server as smtp
from tests.waiting import eventually

REPORTS = {"slack": ["#anclora-reports"]}


async def carry(*messengers: Messenger) -> None:
    """One round of each, side by side, to its end."""
    await asyncio.gather(*(each.run_once() for each in messengers))
    await asyncio.gather(*(each.settle() for each in messengers))


class StandingClock(HandClock):
    """A clock that stands until a test moves it: paces and pauses are counted to the second."""

    def __init__(self) -> None:
        super().__init__()
        self._start = super().now()

    def now(self) -> datetime:
        return self._start + self.ahead


@dataclass
class Town:
    """A ledger, Slack with its pace, a mail server, and a messenger between."""

    db: Database
    clock: HandClock
    slack: slack.SlackServer
    mail: smtp.MailServer
    channels: Channels
    messenger: Messenger

    async def tell(self, key: str = "k", to: Any = None, **members: Any) -> Told:
        words: dict[str, Any] = {"title": "Hola", "text": "qué tal", "key": key}
        notice = Notice(**words | members)
        async with self.db.transaction() as conn:
            return await write_down(conn, notice, to or REPORTS, now=self.clock.now())

    async def seen(self, key: str = "k") -> NoticeView:
        found = await find(self.db, key)
        assert found is not None
        return found

    async def states(self, key: str = "k") -> Sequence[tuple[str, str, int]]:
        return [(each.target, each.state, each.tries) for each in (await self.seen(key)).deliveries]

    async def round(self, after_seconds: float = 0.0) -> None:
        self.clock.pass_seconds(after_seconds)
        await carry(self.messenger)


@pytest.fixture
async def town(db: Database) -> AsyncGenerator[Town, None]:
    clock = StandingClock()
    async with slack.slack_server(lambda: clock.boot) as slack_side, smtp.smtp_server() as mail_side:
        settings = load_settings(
            slack_bot_token=slack.TOKEN,
            slack_api_url=f"{slack_side.url}/api",
            smtp_host="127.0.0.1",
            smtp_port=mail_side.port,
            smtp_tls="none",
            smtp_user=smtp.USER,
            smtp_password=smtp.PASSWORD,
            smtp_from="reports@example.com",
            smtp_to="boss@example.com",
        )
        channels = build_channels(settings, clock)
        yield Town(db, clock, slack_side, mail_side, channels, Messenger(db, channels, clock))
        await channels.close()


async def test_a_notice_reaches_every_target_with_its_files(town: Town) -> None:
    file = Attachment(name="a.pdf", mimetype="application/pdf", data=b"%PDF-")
    told = await town.tell(to={**REPORTS, "email": ["boss@example.com"]}, attachments=[file])
    assert told.fresh == ["email:boss@example.com", "slack:#anclora-reports"]
    await town.round()
    assert await town.states() == [("boss@example.com", "delivered", 1), ("#anclora-reports", "delivered", 1)]
    assert [said.files for said in town.slack.said] == [{}, {"a.pdf": b"%PDF-"}]
    [mailed] = town.mail.taken
    assert [part.get_content() for part in mailed.message.iter_attachments()] == [b"%PDF-"]
    await town.round(60)
    assert len(town.mail.taken) == 1


async def test_telling_waits_for_nobody(town: Town) -> None:
    await town.tell()
    assert town.slack.asked == []
    assert await town.states() == [("#anclora-reports", "waiting", 0)]


async def test_a_rolled_back_fact_was_never_told(town: Town) -> None:
    notice = Notice(title="Hola", text="qué tal", key="k")

    async def fails() -> None:
        async with town.db.transaction() as conn:
            await write_down(conn, notice, REPORTS, now=town.clock.now())
            raise InvalidError("the fact was none")

    with pytest.raises(InvalidError):
        await fails()
    await town.round()
    assert (await find(town.db, "k"), town.slack.said) == (None, [])


async def test_a_key_is_told_once_to_each_target(town: Town) -> None:
    first = await town.tell()
    await town.round()
    again = await town.tell(text="other words", to={"slack": ["#anclora-reports", "#anclora-warnings"]})
    assert (again.id, again.fresh) == (first.id, ["slack:#anclora-warnings"])
    await town.round(1)
    assert [said.channel for said in town.slack.said] == ["C1", "C2"]


async def test_two_tellers_at_once_are_one_notice(town: Town) -> None:
    told = await asyncio.gather(*(town.tell() for _ in range(4)))
    assert len({each.id for each in told}) == 1
    assert sum(len(each.fresh) for each in told) == 1
    await town.round()
    assert len(town.slack.said) == 1


async def test_slack_hears_one_message_a_second_and_channel_whoever_sends(town: Town) -> None:
    for number in range(3):
        await town.tell(f"k{number}", text=f"number {number}")
    other = Messenger(town.db, town.channels, town.clock)
    for _ in range(3):
        await carry(town.messenger, other)
    assert len(town.slack.said) == 1
    for expected in (2, 3, 3):
        await town.round(1.0)
        assert len(town.slack.said) == expected
    assert [said.text.splitlines()[-1] for said in town.slack.said] == ["number 0", "number 1", "number 2"]
    assert len(town.slack.asked) == 3  # not one was refused for its pace


async def test_retry_after_is_honoured_to_the_second(town: Town) -> None:
    town.slack.troubles.append("ratelimited")  # asks for 30 s
    await town.tell()
    await town.round()
    [delivery] = (await town.seen()).deliveries
    assert (delivery.state, delivery.last_code) == ("waiting", "ratelimited")
    await town.round(29)
    assert len(town.slack.asked) == 1
    await town.round(1.1)
    assert await town.states() == [("#anclora-reports", "delivered", 2)]


async def test_a_wrong_channel_fails_at_once_and_says_what_to_do(town: Town) -> None:
    await town.tell(to={"slack": ["#nowhere"]})
    await town.round()
    [delivery] = (await town.seen()).deliveries
    assert (delivery.state, delivery.tries, delivery.last_code) == ("failed", 1, "channel_not_found")
    assert delivery.last_text is not None
    assert "invite the app" in delivery.last_text
    await town.round(3_600)
    assert len(town.slack.asked) == 1


async def test_what_failed_goes_again_when_it_is_told_again(town: Town) -> None:
    await town.tell(to={"email": [smtp.NOBODY]})
    await town.round()
    assert await town.states() == [(smtp.NOBODY, "failed", 1)]
    assert (await town.tell(to={"email": [smtp.NOBODY]})).fresh == [f"email:{smtp.NOBODY}"]
    assert await town.states() == [(smtp.NOBODY, "waiting", 0)]


async def test_a_doubt_is_tried_again_with_the_same_id_until_the_bound(town: Town) -> None:
    town.mail.lose = 1_000
    told = await town.tell(to={"email": ["boss@example.com"]})
    for _ in range(15):
        await town.round(1_000)
    [delivery] = (await town.seen()).deliveries
    assert (delivery.state, delivery.tries, delivery.last_code) == ("failed", 10, "lost")
    assert {mailed.message["Message-ID"] for mailed in town.mail.taken} == {f"<{told.id}@example.com>"}
    assert len(town.mail.taken) == 10


async def test_a_process_that_dies_while_sending_leaves_it_to_the_next(town: Town) -> None:
    await town.tell()
    claim = "update notice_targets set busy_until = %(until)s, turn = turn + 1 returning turn"
    async with town.db.transaction() as conn:  # another process claimed the target and died
        now = town.clock.now()
        await conn.execute(claim, {"until": now + timedelta(days=365)})
    await town.round()
    assert town.slack.said == []
    await town.db.execute("update notice_targets set busy_until = %(now)s", now=town.clock.now())
    await town.round(1)
    assert len(town.slack.said) == 1


async def test_a_slow_end_of_an_earlier_holder_changes_nothing(town: Town) -> None:
    sending, going_on = asyncio.Event(), asyncio.Event()
    channel = town.channels["slack"]

    class Slow:
        gap_seconds, kinds = 1.0, EVERY_KIND
        targets, close = channel.targets, channel.close

        async def send(self, outgoing: Outgoing) -> Outcome:
            sending.set()
            await going_on.wait()
            return Refused(code="no_text", text="A late word.", permanent=True)

    await town.tell()
    stuck = asyncio.create_task(carry(Messenger(town.db, Channels({"slack": Slow()}), town.clock)))
    await sending.wait()
    await town.round(121)  # its lease ran out
    before = await town.db.fetch_one("select turn, next_at, busy_until from notice_targets")
    going_on.set()
    await stuck
    assert await town.states() == [("#anclora-reports", "delivered", 2)]
    assert await town.db.fetch_one("select turn, next_at, busy_until from notice_targets") == before


async def test_a_notice_nobody_survives_is_given_up(town: Town) -> None:
    await town.tell()
    await town.db.execute("update notice_deliveries set tries = 10")  # ten processes died in it
    await town.round()
    [delivery] = (await town.seen()).deliveries
    assert (delivery.state, delivery.last_code, town.slack.asked) == ("failed", "gave_up", [])


async def test_a_silent_vendor_holds_up_no_other_and_a_stop_ends_it(town: Town) -> None:
    sending, ended = asyncio.Event(), asyncio.Event()

    class Silent:
        gap_seconds, kinds = 1.0, EVERY_KIND
        targets, close = town.channels["slack"].targets, town.channels["slack"].close

        async def send(self, outgoing: Outgoing) -> Outcome:
            sending.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            raise AssertionError

    both = Channels({"slack": Silent(), "email": town.channels["email"]})
    messenger = Messenger(town.db, both, town.clock)
    async with running([messenger], stop_timeout_seconds=0.1):
        await town.tell("silent")
        await sending.wait()
        await town.tell("heard", to={"email": ["boss@example.com"]})

        async def heard() -> bool:
            return await town.states("heard") == [("boss@example.com", "delivered", 1)]

        await eventually(heard)
    await ended.wait()
    assert await town.states("silent") == [("#anclora-reports", "waiting", 1)]


async def test_one_target_in_trouble_holds_up_no_other(town: Town) -> None:
    await town.tell(to={"slack": ["#old", "#anclora-reports"], "email": [smtp.GREYLISTED, "boss@example.com"]})
    await town.round()
    assert {target: state for target, state, _ in await town.states()} == {
        "#old": "failed",
        "#anclora-reports": "delivered",
        smtp.GREYLISTED: "waiting",
        "boss@example.com": "delivered",
    }


async def test_old_notices_go_and_waiting_ones_stay(town: Town) -> None:
    await town.tell("ended")
    await town.round()
    await town.tell("waiting", to={"pigeon": ["roof"]}, severity=Severity.WARNING)
    await town.round(91 * 86_400)
    assert (await find(town.db, "ended"), (await town.seen("waiting")).severity) == (None, "warning")


async def test_without_channels_nothing_is_lost(db: Database) -> None:
    clock = HandClock()
    async with db.transaction() as conn:
        await write_down(conn, Notice(title="Hola", text="x", key="k"), REPORTS, now=clock.now())
    await carry(Messenger(db, Channels(), clock))
    found = await find(db, "k")
    assert found is not None
    assert [each.state for each in found.deliveries] == ["waiting"]
