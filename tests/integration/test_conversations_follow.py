"""Conversations follow what is heard and sent, exactly, in whatever order it becomes known."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from conversations_harness import AT, GROUP, HOUR, LID, REACTION, Talks, said
from messages_harness import DIGITS, Stage, metric

from anclora.contacts import merge
from anclora.conversations import ConversationFollower, State, claim, close, read
from anclora.kit.settings import load_settings
from anclora.messages.model import MessageClass
from anclora.providers.contract import Refused, Scope, Sent
from anclora.providers.registry import build
from tests.waiting import eventually


@pytest.fixture
async def talks(here: Stage) -> AsyncGenerator[Talks, None]:
    providers = build(load_settings(evolution_api_url="http://127.0.0.1:1", evolution_api_key="k"), here.clock)
    yield Talks(here, providers)
    await providers.close()


async def test_from_a_webhook_to_the_first_response(talks: Talks) -> None:
    await talks.hear("hola")
    opened = await talks.one()
    assert (opened.state, opened.opened_at, opened.phone, opened.name) == (State.OPEN, AT, DIGITS, "Ana")
    assert (opened.instance, opened.first_response_at) == ("sales", None)
    answer = await talks.send()
    await talks.send("algo más?")
    await talks.look()
    one = await talks.one()
    sent_at = (await talks.here.row(answer))["sent_at"]
    assert (one.first_response_at, one.first_response_via, one.first_response_id) == (sent_at, "api", answer)
    assert one.first_response_seconds == (sent_at - AT).total_seconds()
    assert one.last_out_at is not None
    assert one.last_out_at > sent_at
    assert (await talks.history(), await talks.told()) == (["opened"], ["opened"])
    shown = await read.show(talks.db, one.id)
    assert [(each.what, each.text) for each in shown.timeline] == [
        ("opened", None),
        ("in", "hola"),
        ("sent", "buenos días"),
        ("sent", "algo más?"),
    ]


async def test_words_of_one_second_are_shown_and_told_in_the_order_they_came(talks: Talks) -> None:
    words = [f"{n}" for n in range(12)]
    for each in words:
        await talks.hear(each)
    shown = await read.show(talks.db, (await talks.one()).id)
    assert [each.text for each in shown.timeline if each.text] == words
    rows = await talks.db.fetch_all(
        "select data ->> 'text' as text from events where type = 'message.received' order by ordinal"
    )
    assert [row["text"] for row in rows] == words


async def test_what_is_typed_on_the_phone_answers_too_and_the_agent_of_that_moment_is_kept(talks: Talks) -> None:
    await talks.hear("hola")
    one = await talks.one()
    await claim(talks.db, one.id, "ana", clock=talks.clock, actor="test")
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=90)
    talks.clock.ahead += timedelta(minutes=3)
    await talks.hear("soy yo", at=at, fromMe=True)
    one = await talks.one()
    assert (one.first_response_at, one.first_response_via, one.first_response_agent) == (at, "phone", "ana")
    assert (one.state, one.last_out_at, one.last_in_at) == (State.CLAIMED, at, AT)


async def test_gestures_groups_and_campaigns_count_for_nothing(talks: Talks) -> None:
    await talks.hear(REACTION)
    await talks.hear("in a group", remoteJid=GROUP, participant=f"{DIGITS}@s.whatsapp.net")
    await talks.hear("nobody asked", at=AT - timedelta(seconds=60), fromMe=True)
    assert (await talks.all(), await talks.unread()) == ([], 0)
    await talks.hear("hola")
    await talks.hear(REACTION, at=AT + timedelta(seconds=60))
    await talks.send("the offer of the week", kind=MessageClass.MARKETING)
    await talks.look()
    one = await talks.one()
    assert (one.last_in_at, one.last_out_at, one.first_response_at) == (AT, None, None)


async def test_an_answer_that_was_refused_after_all_answered_nobody(talks: Talks) -> None:
    await talks.hear("hola")
    failed = await talks.send("first")
    await talks.look()
    assert (await talks.one()).first_response_id == failed
    await talks.here.set(failed, state="failed", reason_code="provider_error")
    good = await talks.send("second")
    await talks.look()
    assert (await talks.one()).first_response_id == good


async def test_a_refused_message_is_no_response(talks: Talks) -> None:
    await talks.hear("hola")
    message_id = await talks.here.accept("no")
    intent = await talks.here.attempt(message_id)
    await talks.here.finish(intent, Refused(code="not_on_whatsapp", text="no such number", scope=Scope.MESSAGE))
    await talks.look()
    assert (await talks.one()).first_response_at is None


async def test_a_response_whose_result_comes_late_is_found(talks: Talks) -> None:
    await talks.hear("hola")
    slow = await talks.here.accept("slow")
    intent = await talks.here.attempt(slow)
    quick_at = talks.clock.now() + timedelta(seconds=30)
    talks.clock.ahead += timedelta(minutes=1)
    await talks.hear("from the phone", at=quick_at.replace(microsecond=0), fromMe=True)
    assert (await talks.one()).first_response_via == "phone"
    talks.clock.ahead -= timedelta(minutes=1)
    await talks.here.finish(intent, Sent(provider_id="P-slow"))  # it went out before, and we learn of it now
    await talks.look()
    one = await talks.one()
    assert (one.first_response_via, one.first_response_id) == ("api", slow)


async def test_it_goes_idle_and_the_next_word_opens_another(talks: Talks) -> None:
    await talks.hear("hola")
    await talks.send()
    await talks.look()
    first = await talks.one()
    await talks.look(24 * HOUR - timedelta(minutes=5))
    assert (await talks.one()).state is State.OPEN
    await talks.look(timedelta(minutes=10))
    first = await talks.one()
    assert first.last_out_at is not None
    assert (first.state, first.closed_by, first.closed_at) == (State.CLOSED, "idle", first.last_out_at + 24 * HOUR)
    await talks.hear("otra vez", at=talks.clock.now().replace(microsecond=0))
    assert [each.state for each in await talks.all()] == [State.CLOSED, State.OPEN]
    assert await talks.history() == ["opened", "closed", "opened"]
    assert await talks.told() == ["opened", "closed", "opened"]
    await talks.look(timedelta(minutes=20))
    row = await talks.db.fetch_one("select look_at from conversations where closed_at is not null")
    assert row == {"look_at": None}  # nothing looks at it any more


async def test_a_word_that_was_missed_joins_what_looked_like_two(talks: Talks) -> None:
    start = AT - 40 * HOUR
    await talks.hear("first", at=start)
    await talks.hear("third", at=AT)
    one, other = await talks.all()
    assert (one.state, one.closed_at, other.state) == (State.CLOSED, start + 24 * HOUR, State.OPEN)
    await claim(talks.db, other.id, "ana", clock=talks.clock, actor="test")
    await talks.hear("second, which a gap had swallowed", at=start + 20 * HOUR)
    whole = await talks.one()
    assert (whole.id, whole.opened_at, whole.last_in_at, whole.state) == (one.id, start, AT, State.CLAIMED)
    assert whole.agent == "ana"
    assert (await read.get(talks.db, other.id)).id == one.id
    assert sorted(await talks.history()) == ["claimed", "closed", "merged", "opened", "opened", "reopened"]
    assert (await talks.told())[-2:] == ["closed", "opened"]
    row = await talks.db.fetch_one(
        "select data from events where type = 'conversation.closed' and subject = 'conversation:' || %(id)s",
        id=str(other.id),
    )
    assert row is not None
    assert (row["data"]["merged_into"], row["data"]["state"]) == (str(one.id), "closed")


async def test_what_is_heard_after_a_call_closed_it_opens_another_even_when_it_was_said_before(talks: Talks) -> None:
    await talks.hear("hola")
    first = await talks.one()
    await close(talks.db, first.id, "sold", clock=talks.clock, actor="test")
    await talks.hear("and one more thing", at=AT + timedelta(seconds=1))
    shut, fresh = await talks.all()
    assert (shut.id, shut.state, shut.closed_why, shut.last_in_at) == (first.id, State.CLOSED, "sold", AT)
    assert (fresh.state, fresh.opened_at) == (State.OPEN, shut.closed_at)
    await talks.look(timedelta(minutes=20))
    assert [each.state for each in await talks.all()] == [State.CLOSED, State.OPEN]


async def test_an_answer_that_is_committed_after_the_call_is_still_its_first_response(talks: Talks) -> None:
    await talks.hear("hola")
    message_id = await talks.here.accept("adiós")
    intent = await talks.here.attempt(message_id)
    sent_at = talks.clock.now()
    talks.clock.ahead += timedelta(seconds=5)
    one = await talks.one()
    await close(talks.db, one.id, "done", clock=talks.clock, actor="test")
    await talks.here.finish(intent, Sent(provider_id="P-late"))
    await talks.here.set(message_id, sent_at=sent_at)
    await talks.look(timedelta(minutes=16))
    one = await talks.one()
    assert (one.first_response_id, one.state, one.closed_why) == (message_id, State.CLOSED, "done")


async def test_a_commit_that_comes_late_is_counted_once(talks: Talks, database_url: str) -> None:
    await talks.hear("hola", follow=False)
    await talks.db.execute("delete from heard_unread")
    with psycopg.connect(database_url) as slow:
        # A transaction that heard something has not ended while others are counted, though it began before them.
        slow.execute("insert into heard_unread (heard_ids) select array_agg(id) from heard")
        await talks.hear("from another", remoteJid="34600999888@s.whatsapp.net")
        assert [each.phone for each in await talks.all()] == ["34600999888"]
        slow.commit()
    await talks.follow()
    assert {each.phone for each in await talks.all()} == {DIGITS, "34600999888"}
    assert (await talks.history(), await talks.unread()) == (["opened", "opened"], 0)


async def test_two_that_follow_side_by_side_open_each_once(talks: Talks) -> None:
    people = [f"3460077{n:04}@s.whatsapp.net" for n in range(60)]
    bodies = [said({"conversation": "hola"}, f"3B{n:03}", at=AT, remoteJid=jid) for n, jid in enumerate(people)]
    bodies += [said({"conversation": "ea"}, f"3C{n:03}", at=AT + HOUR, remoteJid=jid) for n, jid in enumerate(people)]
    others = [ConversationFollower(talks.db, load_settings(), talks.clock) for _ in range(3)]
    for start in range(0, len(bodies), 12):
        await talks.deliver(*bodies[start : start + 12])
        await asyncio.gather(*(each.run_once() for each in others))
    await talks.follow()
    found = await talks.db.fetch_all("select opened_at, last_in_at from conversations")
    assert len(found) == 60
    assert {(row["opened_at"], row["last_in_at"]) for row in found} == {(AT, AT + HOUR)}


async def test_two_contacts_that_become_one_have_one_conversation(talks: Talks) -> None:
    await talks.hear("who am I", remoteJid=LID)
    await talks.hear("it is me", at=AT + timedelta(seconds=30))
    by_lid, by_phone = await talks.all()
    await claim(talks.db, by_phone.id, "ana", clock=talks.clock, actor="test")
    await talks.send()
    await merge(talks.db, f"lid:{LID.partition('@')[0]}", DIGITS, actor="test")
    await talks.look()
    one = await talks.one()
    assert (one.id, one.opened_at, one.last_in_at) == (by_lid.id, AT, AT + timedelta(seconds=30))
    assert (one.agent, one.phone, one.first_response_via) == ("ana", DIGITS, "api")
    assert one.first_response_agent == "ana"
    row = await talks.db.fetch_one("select contact_id from conversations where id = %(id)s", id=one.id)
    assert row == {"contact_id": one.contact_id}
    await talks.hear("still me", at=AT + timedelta(seconds=60))
    assert (await talks.one()).last_in_at == AT + timedelta(seconds=60)


async def test_a_claim_that_waited_for_a_merge_reaches_the_one_that_is_left(talks: Talks) -> None:
    await talks.hear("first", at=AT - 40 * HOUR)
    await talks.hear("third", at=AT)
    one, other = await talks.all()
    async with talks.db.transaction() as conn:
        await conn.execute("update conversations set merged_into = %s where id = %s", [one.id, other.id])
        await conn.execute("update conversations set closed_at = null, closed_by = null where id = %s", [one.id])
        claiming = asyncio.create_task(claim(talks.db, other.id, "ana", clock=talks.clock, actor="test"))
        await eventually(talks.here.somebody_waits_for_a_lock)
    await claiming
    assert await talks.db.fetch_all("select id, agent from conversations where agent is not null") == [
        {"id": one.id, "agent": "ana"}
    ]


async def test_one_that_cannot_be_counted_holds_nobody_else_up_and_is_counted_later(talks: Talks) -> None:
    await talks.hear("first", follow=False)
    await talks.hear("from another", follow=False, remoteJid="34600999888@s.whatsapp.net")
    forbid = "alter table conversations add constraint poison check (not poisoned(contact_id)) not valid"
    await talks.db.execute(
        "create function poisoned(uuid) returns boolean language sql as"
        " $$ select exists (select from contacts where id = $1 and phone = '34600111222') $$"
    )
    await talks.db.execute(forbid)
    grew = metric("anclora_conversations_poisoned_total")
    await talks.follower.run_once()
    assert [each.phone for each in await talks.all()] == ["34600999888"]
    assert (await talks.unread(), grew()) == (1, 1)
    await talks.db.execute("alter table conversations drop constraint poison")
    await talks.look(timedelta(minutes=11))
    assert {each.phone for each in await talks.all()} == {DIGITS, "34600999888"}
    await talks.db.execute(forbid.replace("contact_id)", "contact_id) or last_out_at is null"))
    await talks.send()
    await talks.look()
    looks = await talks.db.fetch_all("select look_at from conversations order by look_at")
    assert looks[1]["look_at"] > looks[0]["look_at"] + timedelta(minutes=5)
    assert grew() == 2


async def test_receipts_leave_nothing_to_count(talks: Talks) -> None:
    message_id = await talks.send()
    provider_id = (await talks.here.row(message_id))["provider_id"]
    update = b'{"event": "messages.update", "instance": "sales", "data": {"keyId": "%s", "status": "READ"}}'
    await talks.deliver(update % provider_id.encode())
    assert await talks.here.state(message_id) == "read"
    row = await talks.db.fetch_one("select last_value, is_called from heard_unread_id_seq")
    assert row == {"last_value": 1, "is_called": False}
