"""What figures say of single lives of messages, and what a recount, a mend and a migration do."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from messages_harness import TIMEOUT, ScriptedProvider, Stage, stage

import anclora
from anclora.analytics import mend, verify
from anclora.audit import recent
from anclora.contacts import opt_in, opt_out
from anclora.inbound.hear import Voice, hear
from anclora.kit.ids import new_id
from anclora.messages.dead_letters import Choice, discard, requeue
from anclora.messages.model import Draft, MessageClass
from anclora.messages.parts import TemplatePart
from anclora.messages.told import telling
from anclora.providers.contract import (
    InboundEvent,
    OwnMessageEvent,
    ReceiptEvent,
    RemoteInstance,
    Said,
    SaidReaction,
    SaidText,
    Sent,
)
from anclora.smoke import SMOKE_CAMPAIGN
from anclora.storage.database import Database
from anclora.storage.queries import load_queries
from anclora.tallies import Counts, Wanted, fold, read, total

FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
EVER = Wanted(since=FIRST, until=LAST)
ROOT = Path(anclora.__file__).parent
MIGRATIONS = [ROOT / "storage" / "migrations" / "versions" / name for name in ("0018_tallies.sql", "0019_days.sql")]
CHANGES = re.compile(r"\b(update|insert into|delete from) messages\b")
# Steps between states that are no facts, and marks: nothing is counted of them.
SILENT = {
    "intend_clear",
    "give_back",
    "orphan_messages",
    "promote",
    "resolve_not_sent",
    "resend_doubt",
    "reschedule",
    "readmit",
    "mark_stalled",
    "unmark_stalled",
    "delete_messages",  # a drill's mistake, on a ledger of its own
}


async def agreed(db: Database) -> None:
    found = await verify(db, timezone="Europe/Madrid")
    assert found.differences == 0, found.shown


async def causes(db: Database) -> dict[str, Counts]:
    return {sums.key: sums.counts for sums in await read(db, EVER, "cause") if sums.key}


def test_every_statement_that_changes_a_state_counts_or_is_known_to_change_no_fact() -> None:
    packages = [f"anclora.{folder.parent.relative_to(ROOT)}".replace("/", ".") for folder in ROOT.rglob("sql")]
    queries = {name: text for package in packages for name, text in load_queries(package).items()}
    changing = {name: text for name, text in queries.items() if CHANGES.search(text)}
    counting = {name for name, text in changing.items() if "insert into tally_deltas" in text}
    assert changing.keys() - counting == SILENT
    assert len(counting) > 8


async def test_a_life_is_counted_where_it_happened(here: Stage) -> None:
    message_id = await here.accept(kind=MessageClass.MARKETING, campaign_id=(campaign := new_id()))
    await here.finish(await here.attempt(message_id), Sent(provider_id="P1"))
    for rank in (1, 2, 2, 4, 3):
        await here.hear(ReceiptEvent(provider_id="P1", rank=rank))
    expected = Counts(accepted=1, sent=1, delivered=1, read=1, played=1)
    assert await total(here.db, EVER) == expected
    for by, key in (("instance", "sales"), ("campaign", str(campaign)), ("class", "marketing"), ("template", "")):
        [sums] = await read(here.db, EVER, by)  # pyright: ignore[reportArgumentType]
        assert (sums.key, sums.counts) == (key, expected)
    assert await total(here.db, Wanted(since=FIRST, until=LAST, instance="other")) == Counts()
    assert await total(here.db, Wanted(since=FIRST, until=LAST, campaign=str(campaign))) == expected
    await fold(here.db)
    for grain in (15, 60):
        assert await total(here.db, Wanted(since=FIRST, until=LAST, grain=grain)) == expected  # pyright: ignore[reportArgumentType]
    await agreed(here.db)


@pytest.mark.parametrize("how", ["result", "receipt"])
async def test_who_was_given_up_and_turns_out_sent_was_never_given_up(here: Stage, how: str) -> None:
    message_id = await here.accept()
    intent = await here.attempt(message_id)
    await here.finish(intent, TIMEOUT)
    query, told = telling("give_up_doubt")
    await here.db.commit(query, id=message_id, attempt=1, **told)
    assert (await causes(here.db))["unknown_outcome"].dead == 1
    await fold(here.db)
    if how == "result":
        await here.finish(intent, Sent(provider_id="P1"))
    else:
        await here.db.execute(
            "insert into provider_messages (instance, provider_id, message_id, attempt)"
            " values ('sales', 'P1', %(id)s, 1)",
            id=message_id,
        )
        await here.hear(ReceiptEvent(provider_id="P1", rank=1))
    assert await total(here.db, EVER) == Counts(accepted=1, sent=1)
    assert (await causes(here.db))["unknown_outcome"].dead == 0
    await agreed(here.db)


async def test_what_fails_late_was_sent_and_failed(here: Stage) -> None:
    message_id = await here.accept()
    await here.finish(await here.attempt(message_id), Sent(provider_id="P1"))
    await here.hear(ReceiptEvent(provider_id="P1", rank=0, text="no"))
    await here.hear(ReceiptEvent(provider_id="P1", rank=0, text="no"))
    assert await total(here.db, EVER) == Counts(accepted=1, sent=1, failed=1)
    assert (await causes(here.db))["provider_error"].failed == 1
    await agreed(here.db)


async def test_dead_letters_leave_the_figures_when_they_are_sent_again_or_discarded(here: Stage) -> None:
    ids = [await here.accept(f"#{n}", to=f"+3460011122{n}") for n in range(3)]
    await here.db.execute("update messages set eligible_at = now() - interval '3 days'")
    await here.intend(*ids)
    assert (await total(here.db, EVER)).dead == 3
    await requeue(here.db, Choice(ids=[ids[0]]), actor="ana")
    await discard(here.db, Choice(everything=True, why="no use"), actor="ana")
    assert await total(here.db, EVER) == Counts(accepted=3, canceled=2)
    assert {key: counts.canceled for key, counts in (await causes(here.db)).items()} == {"discarded": 2, "too_old": 0}
    await agreed(here.db)


async def test_people_are_heard_once_and_touches_are_no_messages(here: Stage) -> None:
    said = datetime(2026, 3, 1, 9, 20, tzinfo=UTC)

    def voice(provider_id: str, what: Said) -> Voice:
        event = InboundEvent(provider_id=provider_id, sender="34600111222", text="hola", at=said, said=what)
        return Voice("sales", event, None)

    typed = OwnMessageEvent(
        provider_id="T", recipient="34600111222", fingerprint=None, at=said, by_api=False, said=SaidText(text="yo")
    )
    voices = [
        voice("A", SaidText(text="hola")),
        voice("B", SaidText(text="hola")),
        voice("R", SaidReaction(target="A", emoji="👍")),
        Voice("sales", typed, None),
    ]
    assert await hear(here.db, voices) == 4
    assert await hear(here.db, voices) == 0
    [sums] = await read(here.db, EVER, "at")
    assert (sums.at, sums.counts) == (datetime(2026, 3, 1, 9, 15, tzinfo=UTC), Counts(received=2, typed=1))
    await agreed(here.db)


async def test_an_opt_out_is_counted_when_it_changes_something(here: Stage) -> None:
    for _ in range(2):
        await opt_out(here.db, "34600111222", actor="ana")
    await opt_in(here.db, "34600111222", actor="ana")
    await opt_out(here.db, "34600111222", actor="ana")
    assert await total(here.db, EVER) == Counts(opt_outs=2)
    await agreed(here.db)


async def test_a_template_has_figures_of_its_own(db: Database, redis: Any) -> None:
    can = ScriptedProvider.capabilities.contents | {"template"}
    async with stage(db, redis, ScriptedProvider(RemoteInstance(name="sales", state="open"), contents=can)) as here:
        template = TemplatePart(name="viewing_reminder", language="es")
        draft = Draft(to="+34600111222", type="template", template=template)
        await here.submit.submit("main", [draft])
        await here.accept()
        found = {sums.key: sums.counts.accepted for sums in await read(here.db, EVER, "template")}
    assert found == {"": 1, "viewing_reminder": 1}


async def test_a_difference_is_found_told_and_mended_once(here: Stage) -> None:
    drafts = [Draft(to="+34600111222", text=f"#{n}") for n in range(3)]
    await here.submit.submit("main", drafts)  # of one moment, and so of one hour
    await fold(here.db)
    await here.db.execute(
        "update messages set sent_at = now(), state = 'sent' where id = (select min(id::text)::uuid from messages)"
    )
    await here.db.execute("update tallies set accepted = accepted + 5 where grain = 60")
    found = await verify(here.db, timezone="Europe/Madrid")
    assert {(each.grain, each.what, each.tallied, each.counted) for each in found.shown} == {
        (15, "sent", 0, 1),
        (60, "accepted", 8, 3),
    }
    assert (found.facts, found.differences, found.mended) == (4, 2, 0)
    both = await asyncio.gather(*(mend(here.db, actor="ana") for _ in range(2)))
    assert sorted(each.mended for each in both) == [0, 2]
    await agreed(here.db)
    assert await total(here.db, EVER) == Counts(accepted=3, sent=1)
    assert [(entry.action, entry.detail) for entry in await recent(here.db)] == [
        ("analytics.mend", {"figures": 2, "facts": 4})
    ]


async def test_a_recount_of_a_span_looks_at_its_hours_only(here: Stage) -> None:
    await here.accept()
    await here.db.execute("delete from tally_deltas")
    zone, now = "Europe/Madrid", here.clock.now()
    today, later = now.isoformat(), (now + timedelta(hours=2)).isoformat()
    for since, until, found in ((None, None, 1), (today, None, 1), (later, None, 0), (None, "2020-01-01", 0)):
        assert (await verify(here.db, since, until, timezone=zone)).differences == found


async def test_a_ledger_from_before_the_figures_is_counted_by_the_migration(here: Stage, database_url: str) -> None:
    for n in range(4):
        await here.accept(f"#{n}", to=f"+3460011122{n}", kind=MessageClass.REPLY)
    sent = await here.accept("sent")
    await here.finish(await here.attempt(sent), Sent(provider_id="P1"))
    await opt_out(here.db, "34600111222", actor="ana")
    before = await total(here.db, EVER)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("drop view dashboard_messages, tally_facts, message_facts")
        connection.execute("drop table tallies, tally_deltas, tally_zone")
        connection.execute("drop index conversation_history_agents")
        connection.execute("drop function quarter")
        connection.execute("alter table messages drop column template")
        for migration in MIGRATIONS:
            connection.execute(migration.read_bytes())
    assert await total(here.db, EVER) == before == Counts(accepted=5, sent=1, opt_outs=1)
    await agreed(here.db)


async def test_what_the_smoke_test_sends_is_in_no_figure(here: Stage) -> None:
    smoke = await here.accept("smoke", campaign_id=SMOKE_CAMPAIGN)
    await here.finish(await here.attempt(smoke), Sent(provider_id="P1"))
    await here.hear(ReceiptEvent(provider_id="P1", rank=3))
    assert await here.state(smoke) == "read"
    assert await total(here.db, EVER) == Counts()
    await agreed(here.db)
    await fold(here.db)
    assert (await here.count("tally_deltas"), await total(here.db, EVER)) == (0, Counts())
    other = await here.accept("no smoke", to="+34600111333")
    await agreed(here.db)
    assert (await mend(here.db, actor="test")).mended == 0
    assert await total(here.db, EVER) == Counts(accepted=1)
    assert await here.state(other) == "queued"
