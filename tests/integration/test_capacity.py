"""Capacity on a real ledger: hours out of the tallies, limits out of pacing, incidents, the price, the doors."""

from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from api_harness import house as doors_of
from playbook_harness import StandingClock
from psycopg.types.json import Jsonb

from anclora.capacity import advise, foresee, read_bench, report, show_capacity, what_if
from anclora.capacity.bench import bench_of
from anclora.kit.metrics import exposition
from anclora.kit.settings import Settings, load_settings
from anclora.playbook.errors import NoDataError, NotConfiguredError
from anclora.playbook.sources.capacity import used_percent
from anclora.storage.database import Database
from anclora.tallies import fold
from tests.unit.test_capacity_ceilings import FILE
from tests.unit.test_capacity_forecast import generated

BENCH = bench_of(FILE, "bench.json")
# Far from a change of the clocks: around one a forecast by the wall clock is worse, and so is what it covers.
NOW = datetime(2026, 8, 31, 12, 30, tzinfo=UTC)
CLOCK = StandingClock(NOW)
DAYS = 60
_OURS = ("anclora_capacity", "anclora_aws")


@pytest.fixture
def settings() -> Settings:
    return load_settings(costs_month_limit=100.0)


async def hours(db: Database, counts: list[int], now: datetime) -> None:
    """So many accepted and sent in the hours before this one, folded; the last one is not folded yet."""
    end = now.replace(minute=0, second=0, microsecond=0)
    rows = [(end - timedelta(hours=len(counts) - place), count) for place, count in enumerate(counts)]
    for some in (rows[:-1], rows[-1:]):
        async with db.transaction() as conn, conn.cursor() as cursor:
            await cursor.executemany(
                "insert into tally_deltas (at, instance, class, what, n) values (%s, 'sales', '', %s, %s)",
                [(at, what, count) for at, count in some for what in ("accepted", "sent", "delivered")],
            )
        if len(some) > 1:
            await fold(db)


async def house(db: Database, now: datetime) -> None:
    """Two numbers, one of them away, a worker, an incident, and what Amazon said of last month."""
    await db.execute(
        "insert into instances (name, provider, state, secret) values ('sales', 'evolution', 'open', 'x'),"
        " ('gone', 'evolution', 'close', 'x')"
    )
    await db.execute(
        "insert into pacing (instance, preset, per_minute, per_day, warm_up) values ('sales', 'qr', 30, 900, '{}')"
    )
    await db.execute(
        "insert into workers (id, role, host, pid, heartbeat_at)"
        " values (gen_random_uuid(), 'dispatch', 'h', 1, %(at)s)",
        at=now,
    )
    await db.execute(
        "insert into incidents (id, fingerprint, name, severity, summary, source, state, starts_at, opened_at,"
        " clock_at, last_signal_at) values (gen_random_uuid(), 'f', 'AncloraQueueBacklogCritical', 'critical', 's',"
        " 'evaluator', 'open', %(at)s, %(at)s, %(at)s, %(at)s)",
        at=now - timedelta(days=2),
    )
    month = (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    cost = {"Amount": "50", "Unit": "USD"}
    group = {"Keys": ["ECS", "Environment$"], "Metrics": {"UnblendedCost": cost, "AmortizedCost": cost}}
    answer = [{"TimePeriod": {"Start": month.isoformat(), "End": "x"}, "Groups": [group]}]
    await db.execute(
        "insert into cost_answers (month, tag, asked_on, answer) values (%(month)s, 'Environment', %(on)s, %(answer)s)",
        month=month,
        on=now.date(),
        answer=Jsonb(answer),
    )


def shown() -> dict[str, float]:
    lines = (line.rpartition(" ") for line in exposition().decode().splitlines() if line.startswith("anclora_"))
    return {name: float(value) for name, _, value in lines if name.startswith(_OURS)}


async def test_everything_is_read_from_the_ledger(db: Database, settings: Settings) -> None:
    counts = generated(5, days=DAYS, growth=0.0)
    await hours(db, counts, NOW)
    await house(db, NOW)

    found = await report(db, settings, CLOCK, BENCH)
    assert (found.effective.binds, found.effective.per_second, found.per_day) == ("senders", 0.5, 900)
    assert (found.workers, found.senders, found.senders_away) == (1, 1, 1)
    assert found.busiest_per_second == max(counts) / 3600
    assert found.price is not None
    assert found.price.per_thousand_micros == round(50_000_000_000 / found.price.delivered)

    ahead = await foresee(db, settings, CLOCK, BENCH)
    assert (ahead.days, ahead.held_out, len(ahead.hours)) == (DAYS, 336, 168)
    assert ahead.covered is not None
    assert 0.6 < ahead.covered <= 0.95
    assert ahead.next is not None
    assert ahead.next.name == "senders"

    advice = await advise(db, settings, CLOCK, BENCH)
    verdicts = {each.id: each.verdict for each in advice.rules}
    assert verdicts == {"depth": "fired", **dict.fromkeys(("cpu", "p95", "memory", "oom", "lag"), "not measured")}
    assert any("adding workers does not help" in each.what for each in advice.todo)

    soon = NOW + timedelta(hours=9)
    asked = await what_if(db, settings, CLOCK, BENCH, messages=20_000, by=soon, workers=40)
    assert (asked.answer, asked.binds, asked.workers) == ("no", "senders", 40)
    assert asked.expected is not None
    assert asked.expected > 0

    await show_capacity(db, settings, CLOCK)
    series = shown()
    assert series["anclora_capacity_measured_msgs_per_second"] == 0.5
    peaks = [
        series[f'anclora_capacity_forecast_peak_msgs_per_second{{horizon="30d",quantile="{q}"}}']
        for q in ("0.5", "0.9")
    ]
    assert 0 < peaks[0] <= peaks[1]
    assert series["anclora_aws_budget_month_usd"] == 100
    assert series["anclora_aws_cost_forecast_month_usd"] > 0


async def test_the_monthly_routine_knows_how_much_is_used_and_is_never_green_without_a_bench(
    db: Database, tmp_path: Path
) -> None:
    await hours(db, generated(5, days=DAYS, growth=0.0), NOW)
    await house(db, NOW)
    file = tmp_path / "bench.json"
    parts: Any = SimpleNamespace(db=db, clock=CLOCK, settings=load_settings(bench_file=file))
    with pytest.raises(NoDataError, match="cannot be read"):
        await used_percent(parts)
    file.write_bytes(msgspec.json.encode(FILE))
    reading = await used_percent(parts)
    assert isinstance(reading.value, float)
    assert reading.value > 0
    assert "senders binds" in reading.facts[0]
    parts.settings = load_settings()
    with pytest.raises(NotConfiguredError, match="ANCLORA_BENCH_FILE"):
        await used_percent(parts)


async def test_an_empty_ledger_says_what_it_does_not_know(db: Database) -> None:
    settings = load_settings()
    found: Any = await report(db, settings, CLOCK, read_bench(None))
    assert (found.effective.per_second, found.busiest_at, found.price) == (0.0, None, None)
    assert (await foresee(db, settings, CLOCK, read_bench(None))).lacks.startswith("0 days of history")
    await show_capacity(db, settings, CLOCK)
    series = shown()
    assert [name for name, value in series.items() if not isnan(value)] == ["anclora_capacity_measured_msgs_per_second"]


async def test_the_doors_answer_the_same_and_draw_it(db: Database, redis: Any) -> None:
    async with doors_of(db, redis) as doors:
        found = (await doors.ask("GET", "/api/v1/capacity")).json
        assert {each["name"]: each["known"] for each in found["ceilings"]}["gateway"] == "not measured"
        assert (await doors.ask("GET", "/api/v1/capacity/advice")).json["todo"][-1]["step"] == "measure"
        drawn = await doors.ask("GET", "/api/v1/capacity/forecast?format=svg")
        assert (drawn.status, drawn.headers["content-type"]) == (200, "image/svg+xml")
        asked = "/api/v1/capacity/what-if?messages=20000&by"
        assert (await doors.ask("GET", f"{asked}=18:00")).json["messages"] == 20_000
        for moment in ("soon", "2020-01-01T10:00", "9999-01-01T10:00"):
            refused = await doors.ask("GET", f"{asked}={moment}")
            assert (refused.status, refused.json["code"]) == (422, "invalid_moment")
