"""Which ceiling binds, what the bench file says of it, and what is said where nothing was measured."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from anclora.capacity.bench import bench_of, read_bench
from anclora.capacity.ceilings import ceilings_of, effective_of, per_day_of
from anclora.capacity.model import Bench, Ceiling, Load, Sender

FILE: dict[str, Any] = {
    "commit": "7ba4572aa0",
    "measured_at": "2026-01-30T20:00:00+00:00",
    "dispatch_ratio": 1.2,
    "dispatch_ratio_detail": {"figure": 12_000, "cpu_us_per_message": {"postgres": 40.0, "redis": 20.0}},
    "second_process_rate": 1.9,
    "life_stores_cpu_us": 420,
    "gateway_per_second": 900,
}
BENCH = bench_of(FILE, "bench.json")
LOAD = Load(workers=2, connections=64, answer_seconds=0.05, senders=(Sender(name="sales", per_second=80.0),))


def by_name(bench: Bench, load: Load) -> dict[str, Ceiling]:
    return {each.name: each for each in ceilings_of(bench, load)}


def planted(**lower: float) -> Bench:
    """A bench in which everything carries 5,000 a second, but what is named."""
    high = dict.fromkeys(("worker_per_second", "redis_per_second", "postgres_per_second", "gateway_per_second"), 5e3)
    return bench_of({**FILE, "second_process_rate": 2.0, **high, **lower}, "bench.json")


ROOMY = Load(workers=1, connections=64, answer_seconds=0.005, senders=(Sender(name="sales", per_second=4_000.0),))
CASES = {
    "workers": (planted(worker_per_second=700), ROOMY),
    "redis": (planted(redis_per_second=800), ROOMY),
    "postgres": (planted(postgres_per_second=650), ROOMY),
    "gateway": (planted(gateway_per_second=120), ROOMY),
    "senders": (
        planted(),
        msgspec.structs.replace(ROOMY, senders=tuple(Sender(name=f"n{n}", per_second=80.0) for n in range(3))),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_ceiling_that_was_planted_binds(name: str) -> None:
    bench, load = CASES[name]
    found = effective_of(ceilings_of(bench, load))
    lowest = {"workers": 700, "redis": 800, "postgres": 650, "gateway": 120, "senders": 240}[name]
    assert (found.binds, found.per_second, found.unmeasured) == (name, lowest, ())


def test_a_second_process_brings_what_was_measured_and_not_twice() -> None:
    load = msgspec.structs.replace(LOAD, workers=3, answer_seconds=None)
    workers = by_name(BENCH, load)["workers"]
    assert workers.per_second == pytest.approx(12_000 * (1 + 2 * 0.9))
    unsaid = bench_of({name: value for name, value in FILE.items() if name != "second_process_rate"}, "b.json")
    assert by_name(unsaid, load)["workers"].known == "not measured"
    assert by_name(unsaid, msgspec.structs.replace(load, workers=1))["workers"].per_second == 12_000


def test_slow_answers_make_open_requests_the_limit_of_the_workers_and_of_a_number() -> None:
    slow = msgspec.structs.replace(
        LOAD, answer_seconds=0.4, senders=(Sender(name="sales", per_second=80.0, at_once=4),)
    )
    found = by_name(BENCH, slow)
    assert found["workers"].per_second == pytest.approx(2 * 64 / 0.4)
    assert "400 ms" in found["workers"].why
    assert found["senders"].per_second == pytest.approx(10.0)


def test_a_store_carries_by_what_a_whole_life_costs_it() -> None:
    found = by_name(BENCH, LOAD)
    assert found["redis"].per_second == pytest.approx(50_000)
    assert found["postgres"].per_second == pytest.approx(1e6 / 400)
    assert "bench.json at 7ba4572" in found["postgres"].why


@pytest.mark.parametrize("name", ["commit", "measured_at"])
def test_figures_without_commit_or_date_are_no_measurement(name: str) -> None:
    bench = bench_of({key: value for key, value in FILE.items() if key != name}, "bench.json")
    assert bench.lacks == f"bench.json does not say {name}"
    found = effective_of(ceilings_of(bench, LOAD))
    assert (found.binds, found.unmeasured) == ("senders", ("workers", "redis", "postgres", "gateway"))


def test_what_no_file_says_is_not_measured_and_never_a_constant(tmp_path: Path) -> None:
    nothing = effective_of(ceilings_of(read_bench(None), msgspec.structs.replace(LOAD, senders=(Sender(name="a"),))))
    assert (nothing.per_second, nothing.binds, len(nothing.unmeasured)) == (None, None, 4)
    assert "ANCLORA_BENCH_FILE" in read_bench(None).lacks
    (tmp_path / "bad.json").write_text("600")
    (tmp_path / "worse.json").write_text("{")
    for bad in ("bad.json", "worse.json"):
        assert "not the JSON object" in read_bench(tmp_path / bad).lacks
    assert "cannot be read" in read_bench(tmp_path / "gone.json").lacks
    odd = bench_of({**FILE, "dispatch_ratio_detail": [], "gateway_per_second": True}, "bench.json")
    assert (odd.worker_per_second, odd.redis_per_second, odd.gateway_per_second) == (None, None, None)
    (tmp_path / "good.json").write_bytes(msgspec.json.encode(FILE))
    assert msgspec.structs.replace(read_bench(tmp_path / "good.json"), path="bench.json") == BENCH


def test_nobody_who_runs_or_is_connected_is_a_ceiling_of_nothing() -> None:
    asleep = effective_of(ceilings_of(read_bench(None), msgspec.structs.replace(LOAD, workers=0)))
    assert (asleep.per_second, asleep.binds) == (0.0, "workers")
    away = by_name(BENCH, msgspec.structs.replace(LOAD, senders=(), away=2))["senders"]
    assert (away.per_second, away.why) == (0.0, "no number is connected, 2 not connected")


def test_one_number_without_limit_makes_the_sum_one() -> None:
    free = msgspec.structs.replace(LOAD, senders=(*LOAD.senders, Sender(name="free")))
    assert by_name(BENCH, free)["senders"].known == "no limit"
    assert per_day_of(free.senders) is None
    assert per_day_of((Sender(name="a", per_day=1_000), Sender(name="b", per_day=50))) == 1_050
