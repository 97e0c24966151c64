"""Twenty thousand by six? The answer, the moment and the reason."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from anclora.capacity.bench import bench_of, read_bench
from anclora.capacity.model import Load, Sender, WhatIf
from anclora.capacity.moment import moment_of
from anclora.capacity.plan import Expected, plan
from anclora.kit.errors import InvalidError
from tests.unit.test_capacity_ceilings import FILE

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
SIX = datetime(2026, 1, 31, 17, tzinfo=UTC)  # 18:00 in Madrid
BENCH = bench_of({**FILE, "worker_per_second": 2.0, "second_process_rate": 2.0}, "bench.json")
FAST = (Sender(name="cloud", per_second=80.0),)
QR = Sender(name="qr", per_second=20 / 60, per_day=1_000, sent=200)


def ask(
    load: Load, messages: int = 20_000, *, due: int = 0, expected: Expected | None = lambda _: 0.0, bench: bool = True
) -> WhatIf:
    measured = BENCH if bench else read_bench(None)
    return plan(measured, load, messages=messages, by=SIX, now=NOW, due=due, expected=expected)


def test_yes_and_when_and_what_binds() -> None:
    found = ask(Load(workers=1, connections=64, senders=FAST))
    assert (found.answer, found.binds, found.pace, found.unmeasured) == ("yes", "workers", "", ())
    assert found.done_at == NOW + timedelta(seconds=10_020)  # 10,000 s, up to the whole minute


def test_what_waits_and_what_comes_anyway_goes_before() -> None:
    load = Load(workers=1, connections=64, senders=FAST)
    late = ask(load, due=20_000, expected=lambda seconds: seconds)  # one a second comes anyway
    assert (late.answer, late.expected, late.ahead) == ("no", 32_400, 20_000)
    assert late.done_at == NOW + timedelta(seconds=40_020)
    assert ask(msgspec.structs.replace(load, workers=2), due=20_000, expected=lambda seconds: seconds).answer == "yes"


def test_numbers_held_by_their_day_are_not_helped_by_workers() -> None:
    for workers in (1, 50):
        found = ask(Load(workers=workers, connections=64, senders=(QR, QR, QR)))
        assert (found.answer, found.binds) == ("no", "senders")
        assert found.pace == "3 of 3 numbers by their limit of a day"
        assert found.done_at is not None
        # 2,400 today and 3,000 each day that follows: the sixth day brings the last.
        assert found.done_at - NOW == timedelta(days=6)


def test_what_only_replies_may_use_of_a_day_is_not_a_campaigns() -> None:
    kept = Sender(name="qr", per_second=1.0, per_day=25_000, kept_share=0.2)
    assert ask(Load(workers=1, connections=64, senders=(kept,))).answer == "yes"
    assert ask(Load(workers=1, connections=64, senders=(kept,)), messages=20_001).answer == "no"


def test_numbers_held_by_their_pace_say_so() -> None:
    found = ask(Load(workers=1, connections=64, senders=(Sender(name="a", per_second=1.0),)))
    assert (found.answer, found.binds, found.pace) == ("yes", "senders", "by their pace")
    assert found.done_at == NOW + timedelta(seconds=20_040)


def test_a_yes_without_a_bench_file_names_what_is_not_measured_and_a_no_is_firm() -> None:
    load = Load(workers=1, connections=64, senders=FAST)
    assert ask(load, bench=False).answer == "yes"
    assert ask(load, bench=False).unmeasured == ("workers", "redis", "postgres", "gateway")
    assert ask(Load(workers=1, connections=64, senders=(QR,)), bench=False).answer == "no"
    free = ask(Load(workers=1, connections=64, senders=(Sender(name="free"),)), bench=False)
    assert (free.answer, free.binds, free.done_at) == ("unknown", None, None)


def test_without_workers_or_numbers_it_is_never_done() -> None:
    asleep = ask(Load(workers=0, connections=64, senders=FAST))
    assert (asleep.answer, asleep.binds, asleep.done_at) == ("no", "workers", None)
    alone = ask(Load(workers=1, connections=64))
    assert (alone.answer, alone.binds, alone.pace) == ("no", "senders", "no number is connected")


def test_more_than_the_lowest_ceiling_can_ever_do_is_not_done_in_thirty_days() -> None:
    found = ask(Load(workers=1, connections=64, senders=FAST), messages=6_000_000)
    assert (found.answer, found.binds, found.done_at) == ("no", "workers", None)


def test_a_clock_time_is_today_or_tomorrow_by_the_business_clock() -> None:
    assert moment_of("18:00", now=NOW, zone="Europe/Madrid") == SIX
    assert moment_of("08:30", now=NOW, zone="Europe/Madrid") == datetime(2026, 2, 1, 7, 30, tzinfo=UTC)
    assert moment_of("2026-02-02T10:00", now=NOW, zone="Europe/Madrid") == datetime(2026, 2, 2, 9, tzinfo=UTC)
    for bad in ("25:00", "soon", "", "9999-12-31T23:59-12:00"):
        with pytest.raises(InvalidError):
            moment_of(bad, now=NOW, zone="Europe/Madrid")
