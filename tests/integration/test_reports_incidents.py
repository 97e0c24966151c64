"""How incidents were answered, in the report of a week and a month: what was so at its end, and stays so."""

from datetime import datetime, timedelta

from reports_harness import MADRID, NOW, at, make_partitions

from anclora.incidents import answered
from anclora.kit.severity import Severity
from anclora.reports import LongEvery, Period, Sources, count_incidents, gather_period, period_of, render
from anclora.reports.tables import incidents_said
from anclora.storage.database import Connection, Database
from tests.incidents_stage import stage

SOURCES = Sources(incidents=count_incidents)
MONDAY = at("2026-11-23T11:00")


async def period(db: Database, every: LongEvery, text: str, *, now: datetime = NOW) -> Period:
    return await gather_period(db, period_of(every, text, zone=MADRID, now=now), zone=MADRID, sources=SOURCES)


async def test_the_week_the_month_and_the_door_of_on_call_count_the_same(db: Database) -> None:
    await make_partitions(db)
    async with stage(db, MONDAY) as one:
        for minutes, severity in ((2, Severity.CRITICAL), (7, Severity.CRITICAL), (20, Severity.WARNING)):
            found = await one.wrong(severity, fingerprint=f"{severity}{minutes}")
            one.clock.pass_seconds(minutes * 60)
            await one.desk().acknowledge(found.id, "ana")
        await one.wrong(fingerprint="alone")
        await one.right("alone")
        one.clock.set(at("2026-11-29T23:59:59"))
        await one.wrong(fingerprint="the last second of the week")
        one.clock.set(at("2026-11-30T00:00"))
        await one.wrong(fingerprint="the first one of the next")
    week, month = await period(db, "weekly", "2026-11-26"), await period(db, "monthly", "2026-11-26")
    for found, opened in ((week, 4), (month, 5)):
        assert found.incidents is not None
        critical, warning = found.incidents
        assert (critical.opened, critical.acknowledged, critical.within_target) == (opened, 2, 1)
        assert (critical.ended_alone, critical.waiting) == (1, opened - 3)
        assert (critical.p50_seconds, critical.p95_seconds) == (120, 420)
        assert (warning.opened, warning.within_target, warning.p50_seconds) == (1, 1, 1_200)
    async with db.transaction() as conn:
        for told, rows in zip(week.incidents or (), await answered(conn, MONDAY, at("2026-11-30")), strict=True):
            assert (told.severity, told.opened, told.within_target) == (rows.severity, rows.opened, rows.within_target)
    before = await period(db, "weekly", "2026-11-16")
    assert incidents_said(before, "en") == "There was no incident in this week."


async def test_what_somebody_does_after_a_week_changes_no_byte_of_its_report(db: Database) -> None:
    await make_partitions(db)
    async with stage(db, at("2026-11-29T23:58")) as one:
        taken, waits = [await one.wrong(fingerprint=name) for name in ("taken", "waits")]
        await one.desk().acknowledge(taken.id, "ana")
        one.clock.set(at("2026-11-30T09:00"))
        drawn: list[set[bytes]] = []
        said: set[str | None] = set()
        for later in (False, True):
            if later:
                await one.desk().acknowledge(waits.id, "ben")
                await one.desk().resolve(waits.id)
                await one.desk().resolve(taken.id)
                one.clock.pass_seconds(86_400)
            found = await period(db, "weekly", "2026-11-29", now=one.clock.now())
            drawn.append({render(found, form, "es") for form in ("json", "md", "html", "pdf")})
            said.add(incidents_said(found, "en"))
        assert drawn[0] == drawn[1]
    [sentence] = said
    assert sentence is not None
    assert sentence.startswith("Taken: 1 of 2, 1 in time")
    assert sentence.endswith("0 ended alone, 1 nobody took.")


async def test_incidents_are_read_in_the_moment_of_all_the_other_figures(db: Database) -> None:
    await make_partitions(db)
    asked: list[tuple[datetime, datetime]] = []

    async def count(conn: Connection, since: datetime, until: datetime) -> list[None]:
        asked.append((since, until))
        cursor = await conn.execute("show transaction_isolation")
        assert await cursor.fetchone() == ("repeatable read",)
        return []

    spans = period_of("weekly", "2026-11-26", zone=MADRID, now=NOW)
    sources = Sources(incidents=count)  # pyright: ignore[reportArgumentType] - none of them is looked at
    assert (await gather_period(db, spans, zone=MADRID, sources=sources)).incidents == []
    assert asked == [(at("2026-11-23"), at("2026-11-23") + timedelta(days=7))]
    assert (await gather_period(db, spans, zone=MADRID)).incidents is None
