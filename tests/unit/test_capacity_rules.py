"""The playbook's rules: what fired, what is quiet, what nobody looked at; and what follows from each."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from anclora.alerts import CATALOGUE
from anclora.capacity.ahead import foresight_of
from anclora.capacity.bench import bench_of
from anclora.capacity.ceilings import ceilings_of, effective_of
from anclora.capacity.draw import chart_of
from anclora.capacity.model import Advice, Effective, Foresight, Load, Reach, Rule, Sender, Step
from anclora.capacity.rules import WATCHED, Seen, advice_of, judge_latency, judge_watched, step_of
from anclora.kit.errors import InvalidError
from tests.unit.test_capacity_ceilings import FILE
from tests.unit.test_capacity_forecast import START, ZONE, generated

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
QUIET = Seen(looks=True, times=0, last_at=None)
FIRED = Seen(looks=True, times=3, last_at=NOW)
BLIND = Seen(looks=False, times=0, last_at=None)
CALM = Foresight(
    at=NOW, timezone=ZONE, since=NOW, days=90, effective=Effective(per_second=5.0, binds="workers", unmeasured=())
)


def rules(**seen: Seen) -> list[Rule]:
    return [
        *(judge_watched(each, seen.get(each.id, QUIET), 30) for each in WATCHED),
        judge_latency(0.1, 4_000, 30),
    ]


def advise(found: list[Rule], binds: str = "workers", foresight: Foresight = CALM) -> Advice:
    effective = msgspec.convert({"per_second": 5.0, "binds": binds, "unmeasured": ()}, Effective)
    return advice_of(found, effective, foresight, now=NOW, days=30, workers=4)


def test_the_rules_are_those_of_the_playbook_and_each_alert_is_in_the_catalogue() -> None:
    assert {each.id for each in rules()} == {"depth", "cpu", "p95", "memory", "oom", "lag"}
    assert {each.alert for each in WATCHED} <= {alert.name for alert in CATALOGUE.alerts}
    expressions = {alert.name: alert.expr for alert in CATALOGUE.alerts}
    assert "> 5000" in expressions["AncloraQueueBacklogCritical"]
    for name, limit in (("TaskCpuHigh", "0.7"), ("TaskMemoryHigh", "0.8"), ("EventLoopLagHigh", "0.1")):
        assert expressions[f"Anclora{name}"].strip().endswith(f"> {limit}")


def test_what_fired_counts_and_the_silence_of_the_blind_does_not() -> None:
    cpu = next(each for each in WATCHED if each.id == "cpu")
    assert judge_watched(cpu, FIRED, 30).verdict == "fired"
    assert "3 in 30 days" in judge_watched(cpu, FIRED, 30).evidence
    assert judge_watched(cpu, QUIET, 30).verdict == "quiet"
    assert judge_watched(cpu, BLIND, 30).verdict == "not measured"
    assert judge_watched(cpu, msgspec.structs.replace(FIRED, looks=False), 30).verdict == "fired"
    assert [judge_latency(p95, 9, 30).verdict for p95 in (None, 0.2, 0.201)] == ["not measured", "quiet", "fired"]


def test_out_is_more_processes_and_up_is_bigger_ones_whatever_the_headings_say() -> None:
    assert {each.id: each.step for each in rules()}["depth"] is Step.OUT
    assert {each.id: each.playbook for each in rules()}["depth"] == "Scale Up (Add Tasks)"
    assert {each.id: each.step for each in rules()}["memory"] is Step.UP
    assert [step_of(word) for word in ("scale-out", "Add Tasks", "scale up", "increase-resources")] == [
        *(Step.OUT, Step.OUT, Step.UP, Step.UP)
    ]
    with pytest.raises(InvalidError):
        step_of("sideways")


def test_workers_that_bind_are_added_to_and_numbers_that_bind_are_not_helped_by_that() -> None:
    [out] = advise(rules(depth=FIRED)).todo
    assert (out.step, "add to the 4 dispatch processes" in out.what) == (Step.OUT, True)
    [limits] = advise(rules(depth=FIRED), binds="senders").todo
    assert (limits.step, "adding workers does not help" in limits.what) == (Step.LIMITS, True)
    [up] = advise(rules(cpu=FIRED), binds="postgres").todo
    assert (up.step, "postgres binds" in up.what) == (Step.UP, True)


def test_memory_kills_and_lag_ask_for_bigger_processes() -> None:
    [up] = advise(rules(oom=FIRED, lag=FIRED)).todo
    assert (up.step, up.what.startswith("oom, lag fired")) == (Step.UP, True)


def test_nothing_to_do_is_said_only_when_everything_was_looked_at() -> None:
    assert [each.step for each in advise(rules()).todo] == [Step.WAIT]
    [measure] = advise(rules(cpu=BLIND)).todo
    assert (measure.step, measure.what) == (Step.MEASURE, "Not measured: cpu. Nothing is said of these.")
    lacking = msgspec.structs.replace(CALM, lacks="3 days are there")
    assert [each.step for each in advise(rules(), foresight=lacking).todo] == [Step.MEASURE]


def test_growth_towards_a_ceiling_is_planned_for_by_what_it_is_made_of() -> None:
    for name, step in (("workers", Step.OUT), ("senders", Step.LIMITS), ("postgres", Step.UP)):
        reach = msgspec.convert(
            {"name": name, "of": "it", "at_70_percent": date(2026, 3, 1), "at_100_percent": None}, Reach
        )
        [todo] = advise(rules(), foresight=msgspec.structs.replace(CALM, next=reach)).todo
        assert (todo.step, "2026-03-01" in todo.what) == (step, True)


def foresight(per_second: float) -> Foresight:
    load = Load(workers=1, connections=64, senders=(Sender(name="a", per_second=per_second, per_day=0),))
    ceilings = ceilings_of(bench_of(FILE, "bench.json"), load)
    return foresight_of(
        START, generated(2), zone=ZONE, now=NOW, ceilings=ceilings, effective=effective_of(ceilings), per_day=20_000
    )


def test_the_next_ceiling_is_the_one_that_is_reached_first_and_has_a_date() -> None:
    found = foresight(per_second=0.9)
    assert found.growth_per_week is not None
    assert found.growth_per_week == pytest.approx(0.042, abs=0.01)
    assert found.next is not None
    assert (found.next.name, found.next.of) == ("senders", "the pace of the numbers")
    assert found.next.at_70_percent is not None
    assert found.next.at_100_percent is not None
    assert date(2026, 5, 1) <= found.next.at_70_percent < found.next.at_100_percent
    far = {each.of: each.at_70_percent for each in found.reaches}
    assert far["what Redis carries"] is None
    assert far["what the numbers may send in a day"] is not None


def test_the_chart_is_one_picture_that_says_in_words_what_it_shows() -> None:
    found = foresight(per_second=0.9)
    drawn = chart_of(found)
    assert drawn.startswith("<svg ")
    assert (len(found.ahead), drawn.count("<rect")) == (28, 2 * 28)
    assert "70 % of the pace of the numbers is reached on" in drawn
    empty = foresight_of(None, [], zone=ZONE, now=NOW, ceilings=(), effective=found.effective, per_day=None)
    assert "No forecast: 0 days of history are there, 35 are needed" in chart_of(empty)
