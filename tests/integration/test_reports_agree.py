"""Report, overview, tallies and the rows themselves say the same of a day, a week and a month, to the unit."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from api_harness import HandClock
from reports_harness import MADRID, NOW, at, count_anew, day_of, heard, make_partitions, message

from anclora.analytics import overview
from anclora.analytics.others import conversation_counts, conversion_counts
from anclora.analytics.period import period_of as asked_period
from anclora.conversations import HandoffReason, handoff
from anclora.conversations.figures import figures as conversation_figures
from anclora.conversions import Correction, Desk, Refund, Wish, correct, record, refund
from anclora.conversions.rates import RateWish, set_rate
from anclora.kit.ids import new_id
from anclora.reports import Period, Sources, conversions_counter, count_talks, gather_period, period_of, render
from anclora.reports.model import Counts, DayCounts, LongEvery, Money
from anclora.storage.database import Database
from anclora.tallies import verify

SOURCES = Sources(conversations=count_talks, conversions=conversions_counter(currency="EUR", zone=MADRID))
# A day of each sort: an ordinary one, of 23 and of 25 hours, the first of another year, one without anything.
DAYS = ("2026-11-26", "2026-03-29", "2026-10-25", "2026-01-01", "2026-06-01")
PLAIN = """
select count(*) filter (where sent_at >= %(a)s and sent_at < %(b)s) as sent,
    count(*) filter (where delivered_at >= %(a)s and delivered_at < %(b)s) as delivered,
    count(*) filter (where read_at >= %(a)s and read_at < %(b)s) as read,
    count(*) filter (where state in ('failed', 'dead') and state_at >= %(a)s and state_at < %(b)s) as failed,
    (select count(*) from heard where direction = 'in' and at >= %(a)s and at < %(b)s
        and kind in ('text', 'image')) as received
from messages
"""


@pytest.fixture
async def ledger(db: Database) -> Database:
    await make_partitions(db)
    return db


async def plant(db: Database, day: str) -> None:
    """Every outcome a message has, in the first and in the last moment of a day, and what came later than it."""
    for hour in ("00:00", "02:30", "23:59:59.999999"):
        moment = f"{day}T{hour}"
        later = (at(moment) + timedelta(days=9)).isoformat()
        await message(db, sent=moment)
        await message(db, sent=moment, delivered=moment, instance="costa")
        await message(db, sent=moment, delivered=moment, read=moment)
        await message(db, sent=moment, delivered=later, read=later)  # late events count where they happened
        await message(db, failed=moment, reason="not_on_whatsapp")
        await message(db, failed=moment, state="dead", reason="too_old", instance="costa")
        await message(db, failed=moment, sent=moment, state="failed", reason="undeliverable")  # taken, refused later
        await message(db, failed=later, sent=moment, state="failed", reason="undeliverable")
        await message(db, failed=moment, sent=moment, delivered=later, state="delivered")  # was dead, and got there
        for state in ("expired", "canceled", "blocked"):
            await message(db, failed=moment, state=state, reason=state)
        for kind in ("text", "image", "edit", "reaction"):
            await heard(db, moment, kind=kind)
        await heard(db, moment, direction="phone")


async def told(db: Database, since: str, until: str, **more: Any) -> Any:
    asked = asked_period(since, until, timezone=MADRID, now=NOW)
    return await overview(db, asked, **more)


async def plainly(db: Database, first: date, last: date) -> dict[str, Any]:
    [row] = await db.fetch_all(PLAIN, a=at(str(first)), b=at(str(last + timedelta(days=1))))
    return row


def parts(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in counts.__struct_fields__}


async def period(db: Database, every: LongEvery, text: str, sources: Sources | None = None) -> Period:
    return await gather_period(db, period_of(every, text, zone=MADRID, now=NOW), zone=MADRID, sources=sources)


async def test_messages_of_a_day_a_week_and_a_month(ledger: Database) -> None:
    for day in DAYS[:4]:
        await plant(ledger, day)
    await message(ledger, failed="2026-11-27T00:00", reason="too_old")
    await count_anew(ledger)
    async with ledger.transaction() as conn:
        await conn.execute("analyze")
    for text in DAYS:
        day = await day_of(ledger, text)
        plain = await plainly(ledger, day.date, day.date)
        assert parts(day.today.messages) == plain
        above = (await told(ledger, text, text)).messages
        assert {name: getattr(above, name) for name in ("sent", "delivered", "read", "failed")} == {
            name: plain[name] for name in ("sent", "delivered", "read", "failed")
        }
        assert sum(failure.count for failure in day.failures) == plain["failed"]
        assert (plain["failed"], plain["sent"]) == ((9, 21) if text != DAYS[-1] else (0, 0))
        for part in ("sent", "received"):
            assert sum(getattr(hour, part) for hour in day.hours) == plain[part]
        for every in ("weekly", "monthly"):
            await check_period(ledger, await period(ledger, every, text))
    assert (await verify(ledger)).differences == 0


async def check_period(db: Database, found: Period) -> None:
    """Of a week or a month: the sum of its days is what the rows say, and so is every day and what it is beside."""
    plain = await plainly(db, found.first, found.last)
    assert parts(found.now.messages) == plain
    above = (await told(db, str(found.first), str(found.last))).messages
    assert (above.sent, above.failed) == (plain["sent"], plain["failed"])
    assert sum((day.messages for day in found.days), Counts()) == found.now.messages
    length = 7 if found.every == "weekly" else (found.first - timedelta(days=1)).day
    before = await plainly(db, found.first - timedelta(days=length), found.first - timedelta(days=1))
    assert parts(found.before.messages) == before
    for line in found.days[:: 6 if found.every == "weekly" else 15]:
        assert parts(line.messages) == await plainly(db, line.date, line.date)
        assert parts(line.week_before) == await plainly(
            db, line.date - timedelta(days=7), line.date - timedelta(days=7)
        )


async def talk(db: Database, opened: str, answered: str | None = None, closed: str | None = None) -> Any:
    contact, one = new_id(), new_id()
    await db.execute("insert into contacts (id) values (%(id)s)", id=contact)
    await db.execute(
        "insert into conversations (id, instance, contact_id, opened_at, last_in_at, first_response_at, closed_at,"
        " closed_by) values (%(id)s, 'sales', %(contact)s, %(opened)s, %(opened)s, %(answered)s, %(closed)s, %(by)s)",
        id=one,
        contact=contact,
        opened=at(opened),
        answered=at(answered) if answered else None,
        closed=at(closed) if closed else None,
        by="idle" if closed else None,
    )
    return one


async def test_conversations_and_conversions_of_a_day_a_week_and_a_month(ledger: Database) -> None:
    desk = Desk(account="main", actor="test", now=NOW, region="ES", window_days=7)
    clock = HandClock()
    one = await talk(ledger, "2026-11-26T00:00", answered="2026-11-26T00:10")
    await talk(ledger, "2026-11-25T23:50", answered="2026-11-26T00:20", closed="2026-11-26T12:00")
    await talk(ledger, "2026-11-27T00:00")
    for reason in (HandoffReason.COMPLAINT, HandoffReason.HIGH_VALUE, HandoffReason.COMPLAINT):
        await handoff(ledger, one, reason, clock=clock, actor="test")
    moment = at("2026-11-26T23:59:59")
    await ledger.execute("update conversation_history set at = %(at)s where kind = 'handoff'", at=moment)
    await set_rate(ledger, RateWish(currency="USD", rate="0.9", valid_from=date(2026, 1, 1)), desk, target="EUR")
    sold: list[Any] = []
    for kind, value, currency, when in (
        ("lead", None, None, "2026-11-26T10:00"),
        ("lead", None, None, "2026-11-26T23:59:59.5"),
        ("qualified_lead", "9.00", "EUR", "2026-11-26T11:00"),  # a value, and no revenue
        ("appointment", None, None, "2026-11-27T00:00"),
        ("sale", "1000.50", "EUR", "2026-11-26T12:00"),
        ("sale", "200.00", "USD", "2026-11-26T12:00"),
        ("sale", "5000", "JPY", "2026-11-26T12:00"),
        ("sale", "77.00", "EUR", "2026-11-19T12:00"),
    ):
        wish = Wish(kind=kind, contact="+34600111222", value=value, currency=currency, occurred_at=at(when))
        sold.append(await record(ledger, wish, desk))
    await refund(ledger, sold[4].id, Refund(value="0.50", occurred_at=at("2026-11-26T20:00")), desk)
    await correct(ledger, sold[5].id, Correction(value="300.00"), desk)

    day = (await day_of(ledger, "2026-11-26", sources=SOURCES)).today
    assert day.conversions is not None
    assert day.conversions.counts == {"lead": 2, "qualified_lead": 1, "sale": 3}
    assert list(day.conversions.revenue) == [
        Money(currency="EUR", minor=100_000),
        Money(currency="JPY", minor=5_000, digits=0),
        Money(currency="USD", minor=30_000),
    ]
    assert day.conversions.total == Money(currency="EUR", minor=127_000)
    assert list(day.conversions.unconverted) == [Money(currency="JPY", minor=5_000, digits=0)]
    assert day.conversations is not None
    assert (day.conversations.opened, day.conversations.active) == (1, 1)
    assert day.conversations.first_response_seconds == 1_200
    assert day.conversations.handoffs == {"complaint": 2, "high_value": 1}
    await agree(ledger, day, "2026-11-26", "2026-11-26")
    for every in ("weekly", "monthly"):
        found = await period(ledger, every, "2026-11-26", SOURCES)
        await agree(ledger, found.now, str(found.first), str(found.last))
        assert found.now.conversions is not None
        assert found.now.conversions.counts["appointment"] == 1
    assert found.now.conversions is not None
    assert found.now.conversions.counts["sale"] == 4


async def agree(db: Database, counts: DayCounts, since: str, until: str) -> None:
    """The overview of the same days says the same."""
    above = await told(
        db,
        since,
        until,
        conversations=conversation_counts,
        conversions=conversion_counts(currency="EUR", zone=MADRID),
    )
    talks, sales = counts.conversations, counts.conversions
    assert talks is not None
    assert sales is not None
    assert sales.total is not None
    assert (above.conversations.active, above.conversations.handoffs) == (talks.active, sum(talks.handoffs.values()))
    mine = [sales.counts.get(kind, 0) for kind in ("lead", "qualified_lead", "appointment", "sale")]
    assert [above.conversions.leads, above.conversions.qualified_leads, above.conversions.appointments] == mine[:3]
    assert above.conversions.sales == mine[3]
    assert above.conversions.revenue == sales.total.minor / 100
    asked = asked_period(since, until, timezone=MADRID, now=NOW)
    whole = await conversation_figures(db, asked.since, asked.until)
    assert (whole.new, whole.first_response_seconds.p50) == (talks.opened, talks.first_response_seconds)


async def test_the_same_ledger_gives_the_same_bytes_of_a_month_whenever_it_is_asked(ledger: Database) -> None:
    await plant(ledger, "2026-10-25")
    await count_anew(ledger)
    drawn: set[bytes] = set()
    for now in (datetime(2026, 11, 1, tzinfo=UTC), NOW):
        spans = period_of("monthly", "2026-10-07", zone=MADRID, now=now)
        found = await gather_period(ledger, spans, zone=MADRID, sources=SOURCES)
        drawn |= {render(found, form, "es") for form in ("json", "md", "html", "pdf")}
    assert len(drawn) == 4
