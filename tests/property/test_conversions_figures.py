"""Whatever is recorded, refunded and corrected in whatever currencies, the figures are what plain arithmetic says."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from anclora.conversions import Correction, Desk, Refund, Wish, correct, figures, record, refund
from anclora.conversions.rates import RateWish, set_rate
from anclora.kit.errors import AncloraError
from anclora.storage.database import Database, open_pool
from anclora.storage.partitions import ensure_partitions

EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
DAYS = [datetime(2025, 3, day, 12, tzinfo=UTC) for day in range(1, 11)]
NOW = DAYS[-1] + timedelta(hours=1)
DESK = Desk(account="main", actor="test", now=NOW, region="ES", window_days=7)

values = st.integers(0, 300)
days = st.integers(0, 9)
places = st.integers(0, 2)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.sampled_from(["sale", "lead"]), st.sampled_from(list(EXPONENTS)), values, days),
        st.tuples(st.just("refund"), places, st.none() | st.integers(1, 40), days),
        st.tuples(st.just("correct"), places, values),
        st.tuples(st.just("void"), places),
    ),
    min_size=4,
    max_size=14,
)
rates = st.dictionaries(
    st.tuples(st.sampled_from(["USD", "JPY", "KWD"]), st.sampled_from([0, 0, 0, 1, 4, 8])),
    st.decimals(min_value="0.0001", max_value="9", places=4, allow_nan=False),
    min_size=2,
    max_size=6,
)


def units(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-EXPONENTS[currency]):f}"


async def play(
    db: Database, script: Sequence[Any], given_rates: dict[tuple[str, int], Decimal]
) -> list[dict[str, Any]]:
    """Do all of it; the conversions as plain arithmetic keeps them: rows of (day it counts, amount, count)."""
    await db.execute("truncate conversions, conversion_touches, conversion_rates")
    for (currency, day), rate in given_rates.items():
        wish = RateWish(currency=currency, rate=f"{rate:f}", valid_from=DAYS[day].date())
        await set_rate(db, wish, DESK, target="EUR")
    made: list[dict[str, Any]] = []
    for act in script:
        try:
            if act[0] == "record":
                _, kind, currency, value, day = act
                wish = Wish(
                    kind=kind,
                    contact="+34600111222",
                    value=units(value, currency),
                    currency=currency,
                    occurred_at=DAYS[day],
                )
                found = {"id": (await record(db, wish, DESK)).id, "kind": kind, "currency": currency, "day": day}
                made.append(found | {"rows": [(day, value, 1)], "gross": value})
                continue
            if act[1] >= len(made):
                continue
            one = made[act[1]]
            net = sum(amount for _, amount, _ in one["rows"])
            if act[0] == "refund":
                value = None if act[2] is None else units(act[2], one["currency"])
                await refund(db, one["id"], Refund(value=value, occurred_at=DAYS[act[3]]), DESK)
                one["rows"].append((act[3], -(net if act[2] is None else act[2]), 0))
            elif act[0] == "correct":
                await correct(db, one["id"], Correction(value=units(act[2], one["currency"])), DESK)
                one["rows"].append((one["day"], act[2] - one["gross"], 0))
                one["gross"] = act[2]
            else:
                await correct(db, one["id"], Correction(void=True), DESK)
                one["rows"].append((one["day"], -net, -1))
        except AncloraError:
            continue  # refused: nothing of it may be in the figures
    return made


def exchanged(minor: int, currency: str, rate: Decimal) -> int:
    value = Decimal(minor) * rate * Decimal(10) ** (2 - EXPONENTS[currency])
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def expected(made: Sequence[dict[str, Any]], rates_: dict[tuple[str, int], Decimal], low: int, high: int) -> Any:
    counts: dict[str, int] = {}
    revenue, own, lacking = 0, dict[str, int](), dict[str, int]()
    for one in made:
        currency = one["currency"]
        valid = [day for name, day in rates_ if name == currency and day <= one["day"]]
        rate = Decimal(1) if currency == "EUR" else rates_[currency, max(valid)] if valid else None
        worth = 0
        for day, amount, counted in one["rows"]:
            before, worth = worth, worth + amount
            if not low <= day < high:
                continue
            counts[one["kind"]] = counts.get(one["kind"], 0) + counted
            own[currency] = own.get(currency, 0) + amount
            if rate is None:
                lacking[currency] = lacking.get(currency, 0) + amount
            elif one["kind"] == "sale":
                revenue += exchanged(worth, currency, rate) - exchanged(before, currency, rate)
    return counts, revenue, own, lacking


async def counted(db: Database, low: int, high: int) -> Any:
    start = DAYS[0] - timedelta(hours=12)
    found = await figures(
        db, start + timedelta(days=low), start + timedelta(days=high), currency="EUR", zone="UTC", account="main"
    )
    own: dict[str, int] = {}
    for kind in found.kinds:
        for each in kind.values:
            own[each.currency] = own.get(each.currency, 0) + each.value_minor
    lacking = {each.currency: each.value_minor for each in found.missing_rates}
    return {each.kind: each.count for each in found.kinds}, found.revenue_minor, own, lacking


def test_the_figures_are_the_sums_of_the_rows(make_database: Callable[[], str]) -> None:
    url = make_database()
    with asyncio.Runner() as runner:
        db = runner.run(_open(url))

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(acts, rates, st.integers(0, 9), st.integers(1, 10))
        @example([("record", "sale", "USD", 2, 0), ("refund", 0, 1, 0)], {("USD", 0): Decimal("0.5")}, 0, 10)
        def holds(script: list[Any], given_rates: dict[tuple[str, int], Decimal], low: int, size: int) -> None:
            made = runner.run(play(db, script, given_rates))
            spans = [(0, 10), (low, min(low + size, 10)), (0, low), (low, 10)]
            found = [runner.run(counted(db, *span)) for span in spans if span[0] < span[1]]
            assert found == [expected(made, given_rates, *span) for span in spans if span[0] < span[1]]
            for one in made:
                runner.run(give_everything_back(db, one))
            assert runner.run(counted(db, 0, 10))[1] == 0, "all of it went back, so nothing is left"

        try:
            holds()
        finally:
            runner.run(db.close())


async def give_everything_back(db: Database, one: dict[str, Any]) -> None:
    try:
        await refund(db, one["id"], Refund(occurred_at=DAYS[9]), DESK)
    except AncloraError:
        assert sum(amount for _, amount, _ in one["rows"]) == 0


async def _open(url: str) -> Database:
    db = Database(await open_pool(url, max_size=2))
    async with db.transaction() as conn:
        await ensure_partitions(conn, datetime.now(UTC))
    return db
