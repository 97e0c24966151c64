"""Reads, then decides: the report, the forecast, the advice, the question, and the figures of /metrics."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from anclora.capacity import metrics
from anclora.capacity.ahead import expected_until, foresight_of, model_of, share_of
from anclora.capacity.bench import read_bench
from anclora.capacity.ceilings import ceilings_of, effective_of, per_day_of
from anclora.capacity.forecast import HOUR
from anclora.capacity.model import Advice, Bench, CapacityReport, Foresight, Load, WhatIf
from anclora.capacity.plan import plan
from anclora.capacity.read import (
    RULE_DAYS,
    busiest_sent,
    counts_of,
    midnight,
    next_month,
    read_due,
    read_history,
    read_load,
    read_price,
    read_rules,
)
from anclora.capacity.rules import advice_of
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError
from anclora.kit.settings import Settings
from anclora.storage.database import Database

_LONGEST = timedelta(days=30)
_UNKNOWN = float("nan")
_MICROS = 1_000_000


async def report(db: Database, settings: Settings, clock: Clock, bench: Bench) -> CapacityReport:
    """What can be sent now, and what binds."""
    now = clock.now()
    load = await read_load(db, settings, clock)
    ceilings = ceilings_of(bench, load)
    busiest, price = await busiest_sent(db, now), await read_price(db, settings.costs_tag)
    return CapacityReport(
        at=now,
        effective=effective_of(ceilings),
        ceilings=ceilings,
        bench=bench,
        workers=load.workers,
        senders=len(load.senders),
        senders_away=load.away,
        waiting=load.waiting,
        per_day=per_day_of(load.senders),
        busiest_at=busiest[0] if busiest else None,
        busiest_per_second=busiest[1] if busiest else None,
        price=price[0] if price else None,
    )


async def foresee(db: Database, settings: Settings, clock: Clock, bench: Bench) -> Foresight:
    """What is to come, and which ceiling it reaches first."""
    load = await read_load(db, settings, clock)
    since, counts = await read_history(db, clock.now())
    return await _foresight(load, bench, since, counts, settings, clock.now())


async def _foresight(
    load: Load, bench: Bench, since: datetime | None, counts: Sequence[int], settings: Settings, now: datetime
) -> Foresight:
    ceilings = ceilings_of(bench, load)
    return await asyncio.to_thread(
        foresight_of,
        since,
        counts,
        zone=settings.timezone,
        now=now,
        ceilings=ceilings,
        effective=effective_of(ceilings),
        per_day=per_day_of(load.senders),
    )


async def advise(db: Database, settings: Settings, clock: Clock, bench: Bench) -> Advice:
    """Which rules fire on the history, and what follows."""
    now = clock.now()
    load = await read_load(db, settings, clock)
    since, counts = await read_history(db, now)
    foresight = await _foresight(load, bench, since, counts, settings, now)
    rules = await read_rules(db, settings, now)
    return advice_of(rules, foresight.effective, foresight, now=now, days=RULE_DAYS, workers=load.workers)


async def what_if(
    db: Database, settings: Settings, clock: Clock, bench: Bench, *, messages: int, by: datetime, workers: int | None
) -> WhatIf:
    """Can so many more be sent by then?

    Raises:
        InvalidError: the moment is past, or more than 30 days away.
    """
    now = clock.now()
    if not now < by <= now + _LONGEST:
        raise InvalidError("`by` must be a moment to come, at most 30 days away.", code="invalid_moment")
    load = await read_load(db, settings, clock, workers=workers)
    since, counts = await read_history(db, now)
    made = await asyncio.to_thread(model_of, since, counts, settings.timezone)
    due = await read_due(db, by)
    if made is None or since is None:
        return plan(bench, load, messages=messages, by=by, now=now, due=due, expected=None)
    begun = since + len(counts) * HOUR
    sums = expected_until(made[0], begun, settings.timezone)
    late = (now - begun).total_seconds()
    past = share_of(sums, late)
    return plan(
        bench,
        load,
        messages=messages,
        by=by,
        now=now,
        due=due,
        expected=lambda seconds: max(0.0, share_of(sums, late + seconds) - past),
    )


async def show_capacity(db: Database, settings: Settings, clock: Clock) -> None:
    """Show the figures that alerts compare. Dear: once an hour is often enough."""
    now = clock.now()
    bench = await asyncio.to_thread(read_bench, settings.bench_file)
    load = await read_load(db, settings, clock)
    since, counts = await read_history(db, now)
    foresight = await _foresight(load, bench, since, counts, settings, now)
    known = foresight.effective.per_second
    metrics.MEASURED.show_one(_UNKNOWN if known is None else known)
    peaks = {(f"{peak.days}d", f"{peak.quantile:g}"): peak.per_second for peak in foresight.peaks}
    metrics.PEAK.show(peaks or {("30d", "0.9"): _UNKNOWN})
    metrics.BUDGET.show_one(settings.costs_month_limit or _UNKNOWN)
    metrics.COST.show_one(await _cost(db, settings, now, since, counts))


async def _cost(
    db: Database, settings: Settings, now: datetime, since: datetime | None, counts: Sequence[int]
) -> float:
    """This month's bill in USD: the last reviewed month's, by messages accepted then and by the end of this one."""
    found = await read_price(db, settings.costs_tag)
    made = await asyncio.to_thread(model_of, since, counts, settings.timezone)
    if found is None or made is None or since is None or found[0].currency != "USD":
        return _UNKNOWN
    price, micros, accepted = found
    first = now.date().replace(day=1)
    if next_month(price.month) != first or not accepted:
        return _UNKNOWN
    begun = since + len(counts) * HOUR
    so_far = (await counts_of(db, first, next_month(first))).accepted
    left = max(0.0, (midnight(next_month(first)) - begun).total_seconds())
    rest = share_of(expected_until(made[0], begun, settings.timezone, days=32), left)
    return micros / _MICROS * (so_far + rest) / accepted
