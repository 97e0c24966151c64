"""What the built-in watch finds, and how patient it is. Time is a value here."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anclora.alerts import BLIND, CATALOGUE, find
from anclora.alerts.facts import redis_state
from anclora.alerts.findings import KNOWN, judge, spoken
from anclora.alerts.model import Alert, seconds_of
from anclora.alerts.rules import SAY_AGAIN, Finding, Judged, State, fingerprint, step
from tests.alert_facts import WELL, look

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
ONE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("AncloraNoWorkers", {"ledger_workers": 0}),
    ("AncloraStuckInFlight", {"ledger_stuck": 1}),
    ("AncloraUnknownOutcomeOld", {"ledger_unknown_seconds": 1_201.0}),
    ("AncloraDLQGrowing", {"ledger_died": 11}),
    ("AncloraWebhooksUnapplied", {"ledger_unapplied_seconds": 121.0}),
    ("AncloraWebhooksSilent", {"ledger_heard": False}),
    ("AncloraErrorRateHigh", {"ledger_bad": 11}),
    ("AncloraDuplicateSendDetected", {"ledger_doubles": 1}),
    ("AncloraMessagesStalled", {"ledger_unacknowledged": {"sales": 21}}),
    ("AncloraQueueBacklogWarning", {"lanes_waiting": 1_001, "lanes_throughput": 600.0}),
    ("AncloraQueueNotDraining", {"lanes_waiting": 950}),
    ("AncloraOldestMessageTooOld", {"lanes_oldest_seconds": {"sales": 301.0}}),
    ("AncloraRedisDown", {"redis": None}),
    ("AncloraRedisMemoryHigh", {"redis_fullest": 0.9}),
    ("AncloraRedisPersistenceFailing", {"redis_keeps": False}),
    ("AncloraRedisEvicting", {"redis_evicted": 1}),
    ("AncloraRedisRestarted", {"redis_uptime_seconds": 20}),
    ("AncloraEvolutionInstanceDisconnected", {"numbers": {"sales": False, "support": True}}),
    ("AncloraDiskAlmostFull", {"machine_free": 0.04}),
    ("AncloraClockSkew", {"machine_off_seconds": -2.5}),
    ("AncloraWatchdogSilent", {"watchdog_at": NOW - timedelta(minutes=11)}),
)


@pytest.mark.parametrize(("name", "changes"), ONE, ids=[name for name, _ in ONE])
def test_each_alert_is_found_by_its_own_fact_alone(name: str, changes: dict[str, Any]) -> None:
    assert judge(WELL, NOW).findings == []
    judged = judge(look(**changes), NOW)
    assert [found.name for found in judged.findings] == [name]


def test_the_critical_backlog_comes_with_the_warning() -> None:
    judged = judge(look(lanes_waiting=5_001, lanes_throughput=600.0), NOW)
    assert [found.name for found in judged.findings] == ["AncloraQueueBacklogWarning", "AncloraQueueBacklogCritical"]


def test_every_alert_said_to_be_built_in_is_evaluated_and_no_other() -> None:
    covered = {name for name, _ in ONE} | {"AncloraQueueBacklogCritical", "AncloraPostgresDown"}
    assert covered == KNOWN == {alert.name for alert in CATALOGUE.alerts if alert.built_in}
    assert len(covered) >= 12


def test_one_number_is_one_occurrence() -> None:
    judged = judge(look(numbers={"sales": False, "support": False}), NOW)
    assert [found.fingerprint for found in judged.findings] == [
        "AncloraEvolutionInstanceDisconnected{instance_name=sales}",
        "AncloraEvolutionInstanceDisconnected{instance_name=support}",
    ]
    for name, changes in ONE:
        alert = find(name)
        assert isinstance(alert, Alert)
        assert all(set(found.labels) == set(alert.by) for found in judge(look(**changes), NOW).findings), name


def test_a_campaign_at_its_own_pace_is_no_backlog() -> None:
    assert judge(look(lanes_waiting=0, lanes_throughput=20.0, lanes_oldest_seconds={"sales": 0.0}), NOW).findings == []


def test_unknown_is_red_and_neither_over_nor_new() -> None:
    judged = judge(look(ledger=None), NOW)
    assert [found.name for found in judged.findings] == [BLIND.name]
    assert "AncloraNoWorkers" in judged.unseen
    firing = state("AncloraNoWorkers", firing_since=NOW)
    result = step([firing], judged, NOW + timedelta(hours=1), "evaluator")
    assert result.dropped == []
    assert step([firing], judge(WELL, NOW), NOW, "evaluator").dropped == [firing]


def test_what_hangs_on_redis_is_not_told_twice_when_redis_is_down() -> None:
    judged = judge(look(redis=None, lanes=None), NOW)
    assert [found.name for found in judged.findings] == ["AncloraRedisDown"]
    assert "AncloraQueueNotDraining" in judged.unseen


def test_no_prometheus_is_expected_where_none_ever_came() -> None:
    assert judge(look(watchdog_at=None), NOW).findings == []
    assert judge(look(watchdog_at=NOW - timedelta(minutes=9)), NOW).findings == []


def state(name: str, **values: Any) -> State:
    alert = find(name)
    assert isinstance(alert, Alert)
    known: dict[str, Any] = {"fingerprint": name, "source": "evaluator", "name": name, "severity": alert.severity}
    known |= {"labels": {}, "summary": "x", "level": 0.0, "pending_since": NOW, "firing_since": None, "told_at": None}
    known |= {"seen_at": NOW} | values
    return State(**known)


def rounds(name: str, *, until_seconds: int, levels: list[float] | None = None) -> list[int]:
    """The seconds at which an alert that is so all the time is told, looked at every 10 s."""
    states: list[State] = []
    told: list[int] = []
    for turn, seconds in enumerate(range(0, until_seconds + 1, 10)):
        level = levels[turn] if levels else 0.0
        judged = Judged(findings=[Finding(name=name, summary="x", level=level)], unseen=frozenset())
        result = step(states, judged, NOW + timedelta(seconds=seconds), "evaluator")
        states = list(result.kept)
        told += [seconds] * len(result.raised)
    return told


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_it_fires_after_the_patience_of_the_catalogue_and_is_said_again_seldom(name: str) -> None:
    alert = find(name)
    patience = seconds_of(alert.for_)
    again = int(SAY_AGAIN.total_seconds())
    assert rounds(name, until_seconds=patience + again) == [patience, patience + again]


def test_a_gap_begins_the_patience_anew() -> None:
    first = Judged(findings=[Finding(name="AncloraNoWorkers", summary="x")], unseen=frozenset())
    pending = step([], first, NOW, "evaluator").kept
    well = step(pending, Judged(findings=[], unseen=frozenset()), NOW + timedelta(seconds=50), "evaluator")
    assert well.dropped == list(pending)
    assert step([], first, NOW + timedelta(seconds=60), "evaluator").raised == []


def test_a_backlog_that_shrinks_is_patiently_watched() -> None:
    name, turns = "AncloraQueueNotDraining", 121
    assert rounds(name, until_seconds=1_200, levels=[5_000.0 - 10 * n for n in range(turns)]) == []
    assert rounds(name, until_seconds=1_200, levels=[5_000.0 + n for n in range(turns)])[0] == 600


def test_a_stopped_worker_is_told_within_two_minutes() -> None:
    lease_seconds, look_seconds = 30, 10
    assert lease_seconds + look_seconds + seconds_of(find("AncloraNoWorkers").for_) <= 120


def test_a_fingerprint_is_bounded_and_does_not_go_by_order() -> None:
    assert fingerprint("A", {"b": "1", "a": "2"}) == fingerprint("A", {"a": "2", "b": "1"}) == "A{a=2,b=1}"
    assert len(fingerprint("A", {"a": "x" * 500})) == 200


def test_the_worst_node_speaks_for_a_cluster() -> None:
    well = {"uptime_in_seconds": 500, "used_memory": 10, "maxmemory": 100, "evicted_keys": 1, "aof_enabled": 1}
    worse = {"uptime_in_seconds": 5, "used_memory": 90, "maxmemory": 100, "evicted_keys": 2, "aof_enabled": 0}
    assert redis_state(well).keeps
    found = redis_state({"a:1": well, "b:2": worse})
    assert (found.uptime_seconds, found.fullest, found.evicted, found.keeps) == (5, 0.9, 3, False)
    assert redis_state(well | {"maxmemory": 0}).fullest == 0.0


def test_spans_are_spoken_as_people_do() -> None:
    assert [spoken(seconds) for seconds in (45, 720, 10_800)] == ["45 s", "12 min", "3 h"]
