"""The figures of a day against rows whose moments are known, to the unit, at every edge."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from reports_harness import MADRID, NOW, at, attempt, day_of, heard, make_partitions, message

from anclora.reports import Sources, render
from anclora.reports.model import Conversions, Counts, Money, Talks
from anclora.storage.database import Connection, Database


@pytest.fixture
async def ledger(db: Database) -> Database:
    await make_partitions(db)
    return db


async def test_each_thing_counts_on_the_day_it_happened(ledger: Database) -> None:
    await message(ledger, sent="2026-11-25T23:59:59.999", delivered="2026-11-26T00:00", read="2026-11-27T00:00")
    await message(ledger, sent="2026-11-26T00:00", delivered="2026-11-26T23:59:59.999999")
    await message(ledger, sent="2026-11-27T00:00")
    await message(ledger, sent="2026-11-19T12:00", read="2026-11-19T13:00")
    day = await day_of(ledger, "2026-11-26")
    assert day.today.messages == Counts(sent=1, delivered=2)
    assert day.yesterday.messages == Counts(sent=1)
    assert day.week_before.messages == Counts(sent=1, read=1)
    assert (await day_of(ledger, "2026-11-27")).today.messages == Counts(sent=1, read=1)


async def test_a_day_without_data_is_zero_and_says_so(ledger: Database) -> None:
    day = await day_of(ledger, "2026-06-01")
    assert day.today.messages.empty
    assert (day.numbers, day.failures, day.dead, len(day.hours)) == ([], [], 0, 24)
    assert "No hubo ningún mensaje" in render(day, "md", "es").decode()


async def test_the_short_day_has_23_hours_and_loses_nothing(ledger: Database) -> None:
    for moment in ("2026-03-29T00:30", "2026-03-29T01:59:59", "2026-03-29T03:00", "2026-03-29T23:59:59"):
        await message(ledger, sent=moment)
    day = await day_of(ledger, "2026-03-29")
    assert day.today.messages.sent == 4
    assert [f"{hour.starts_at:%H:%M}" for hour in day.hours][:4] == ["00:00", "01:00", "03:00", "04:00"]
    assert [hour.sent for hour in day.hours] == [1, 1, 1, *[0] * 19, 1]


async def test_the_long_day_has_the_hour_of_two_twice(ledger: Database) -> None:
    for moment in ("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T02:45+01:00"):
        await message(ledger, sent=moment)
    await heard(ledger, "2026-10-25T23:59:59.999")
    day = await day_of(ledger, "2026-10-25")
    assert (day.today.messages.sent, day.today.messages.received, len(day.hours)) == (3, 1, 25)
    assert [(f"{hour.starts_at:%H:%M%z}", hour.sent) for hour in day.hours][2:4] == [
        ("02:00+0200", 1),
        ("02:00+0100", 2),
    ]
    assert day.hours[-1].received == 1


async def test_a_day_of_another_year_and_a_message_made_long_before_it_went(ledger: Database) -> None:
    await message(ledger, made="2025-12-20T10:00", sent="2026-12-01T10:00")
    assert (await day_of(ledger, "2026-12-01")).today.messages.sent == 1
    await message(ledger, sent="2025-12-31T23:30", read="2026-01-01T00:10")
    assert (await day_of(ledger, "2026-01-01")).today.messages == Counts(read=1)
    assert (await day_of(ledger, "2025-12-31")).today.messages == Counts(sent=1)


async def test_what_is_received_is_what_people_write_to_us(ledger: Database) -> None:
    await heard(ledger, "2026-11-26T10:00")
    await heard(ledger, "2026-11-26T10:00", direction="phone")
    for kind in ("edit", "delete", "reaction", "vote"):
        await heard(ledger, "2026-11-26T10:00", kind=kind, target="3EB0", instance="other")
    await heard(ledger, "2026-11-27T00:00")
    day = await day_of(ledger, "2026-11-26")
    assert (day.today.messages.received, day.hours[10].received, [each.name for each in day.numbers]) == (
        1,
        1,
        ["sales"],
    )


async def test_failures_are_counted_by_reason_where_they_are_so_still(ledger: Database) -> None:
    for number in range(7):
        instance = "a" if number % 2 else "b"
        await message(ledger, failed="2026-11-26T10:00", reason="not_on_whatsapp", instance=instance)
    await message(ledger, failed="2026-11-26T10:00", reason=None)
    await message(ledger, failed="2026-11-26T10:00", state="canceled", reason="canceled")  # discarded since
    died = await message(ledger, failed="2026-11-26T23:00", state="dead", reason="too_old")
    for message_id, when in (
        (died, "2026-11-26T23:00"),
        (await message(ledger, sent="2026-11-26T10:00"), "2026-11-26"),
    ):
        await ledger.execute(
            "insert into dead_letters (message_id, died_at, instance, reason_code) values (%(id)s, %(at)s, 'a', 'x')",
            id=message_id,
            at=at(when),
        )
    day = await day_of(ledger, "2026-11-26")
    assert day.today.messages.failed == 9
    assert [(each.code, each.count, list(each.numbers)) for each in day.failures] == [
        ("not_on_whatsapp", 7, ["a", "b"]),
        ("too_old", 1, ["sales"]),
        ("unknown", 1, ["sales"]),
    ]
    assert day.dead == 1  # the other one went out after all
    assert (await day_of(ledger, "2026-11-25")).dead == 0


async def test_requests_to_the_providers_by_their_end(ledger: Database) -> None:
    message_id = await message(ledger, sent="2026-11-26T10:00")
    for number, (outcome, when) in enumerate(
        [("refused", "2026-11-26T09:00"), ("unknown", "2026-11-26T09:10"), ("orphaned", "2026-11-26T09:20"),
         ("sent", "2026-11-26T10:00"), ("sent", "2026-11-27T00:00")], 1
    ):  # fmt: skip
        await attempt(ledger, message_id, number, outcome, when)
    tries = (await day_of(ledger, "2026-11-26")).tries
    assert (tries.count, tries.refused, tries.unknown) == (4, 1, 2)


async def test_a_day_so_far_stops_now_and_so_do_the_others(ledger: Database) -> None:
    for day in ("2026-11-27", "2026-11-26", "2026-11-20"):
        for hour in ("17:59:59", "18:00:00"):
            await message(ledger, sent=f"{day}T{hour}")
    found = await day_of(ledger, "2026-11-27", now=at("2026-11-27T18:00"), so_far=True)
    assert [each.messages.sent for each in (found.today, found.yesterday, found.week_before)] == [1, 1, 1]
    assert found.until == at("2026-11-27T18:00")
    later = await day_of(ledger, "2026-11-27", now=at("2026-11-27T18:14:59"), so_far=True)
    assert later == found  # figures are kept by quarters of an hour, and this one is not full
    full = await day_of(ledger, "2026-11-27", now=at("2026-11-27T18:15"), so_far=True)
    assert [each.messages.sent for each in (full.today, full.yesterday, full.week_before)] == [2, 2, 2]
    assert "18:00" in render(found, "md", "en").decode()


@pytest.mark.parametrize("zone", [MADRID, "Asia/Kathmandu", "America/Santiago"])
async def test_every_message_is_in_just_one_day(ledger: Database, zone: str) -> None:
    dice = random.Random(7)
    first, wanted = date(2026, 10, 20), 120
    for _ in range(wanted):
        moment = datetime(2026, 10, 20, 12, tzinfo=UTC) + timedelta(seconds=dice.randrange(7 * 86_400))
        await message(ledger, sent=moment.isoformat())
    days = [await day_of(ledger, str(first + timedelta(days=number)), zone=zone) for number in range(9)]
    assert sum(day.today.messages.sent for day in days) == wanted
    assert all(sum(hour.sent for hour in day.hours) == day.today.messages.sent for day in days)
    assert all(sum(number.messages.sent for number in day.numbers) == day.today.messages.sent for day in days)
    assert [after.yesterday for after in days[1:]] == [before.today for before in days[:-1]]


async def test_others_count_what_the_ledger_of_messages_does_not_know(ledger: Database) -> None:
    asked: list[tuple[datetime, datetime]] = []

    async def talks(conn: Connection, since: datetime, until: datetime) -> Talks:
        asked.append((since, until))
        cursor = await conn.execute("show transaction_isolation")  # on the report's own snapshot
        assert await cursor.fetchone() == ("repeatable read",)
        return Talks(opened=len(asked), active=0)

    async def conversions(_conn: Connection, _since: datetime, _until: datetime) -> Conversions:
        return Conversions(counts={"sale": 1}, revenue=[Money(currency="EUR", minor=100)])

    sources: Sequence[Sources] = (Sources(), Sources(conversations=talks, conversions=conversions))
    bare, full = [await day_of(ledger, "2026-11-26", sources=each) for each in sources]
    assert (bare.today.conversations, bare.today.conversions) == (None, None)
    assert [
        each.conversations and each.conversations.opened for each in (full.today, full.yesterday, full.week_before)
    ] == [1, 2, 3]
    assert asked[0] == (at("2026-11-26"), at("2026-11-27"))
    assert full.today.conversions == Conversions(counts={"sale": 1}, revenue=[Money(currency="EUR", minor=100)])


async def test_the_same_ledger_gives_the_same_bytes(ledger: Database) -> None:
    for hour in range(9, 18):
        await message(ledger, sent=f"2026-11-26T{hour:02}:10", instance=f"n{hour % 3}")
        await message(ledger, failed=f"2026-11-26T{hour:02}:20", reason=f"r{hour % 4}", instance=f"n{hour % 2}")
    for form in ("json", "md", "html", "pdf"):
        drawn = {render(await day_of(ledger, "2026-11-26", now=NOW + timedelta(days=n)), form, "es") for n in range(3)}
        assert len(drawn) == 1
