"""What the product's one registry promises to those who read it."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import anclora
from anclora.kit.metrics import (
    INSTRUMENTS,
    OTHER,
    REGISTRY,
    Bounded,
    Figure,
    bounded,
    exposition,
    histogram,
    observe_all,
)

# What dashboards and alerts are built on, name by name; those of rooms that are not there yet are not listed.
CONTRACT = (
    "http_requests_total{route,code}",
    "http_request_duration_seconds",
    "queue_depth{queue,state}",
    "queue_oldest_age_seconds{queue}",
    "dispatch_latency_seconds",
    "messages_total{outcome,fault}",
    "dlq_messages_total{reason}",
    "inflight_lease_expired",
    "duplicate_send_total",
    "reconcile_missing_in_redis",
    "reconcile_orphan_in_redis",
    "worker_up",
    "worker_last_heartbeat_timestamp_seconds",
    "event_loop_lag_seconds",
    "task_cpu_ratio",
    "task_memory_bytes",
    "task_memory_limit_bytes",
    "task_oom_kills_total",
    "dependency_up{dependency}",
    "db_pool_size",
    "db_pool_in_use",
    "db_pool_waiting",
    "circuit_state{target}",
    "evolution_instance_connected{instance_name}",
    "webhooks_total{result}",
    "redis_slowlog_entries_total",
    "log_events_total{level}",
    "clock_skew_seconds",
    "error_rate",
    "error_rate_samples",
    "processing_duration_seconds",
    "throughput_messages_per_second",
    "queue_drain_seconds{queue}",
    "queue_rate_limit_per_second",
    "redis_connections",
    "disk_free_bytes",
    "disk_read_bytes_total",
    "disk_written_bytes_total",
    "today_messages{what}",
    "today_delivery_rate",
    "today_read_rate",
    "today_conversations{what}",
    "today_conversions{kind}",
    "today_revenue",
)


def test_every_name_of_the_contract_is_there_with_its_labels() -> None:
    for found in pkgutil.walk_packages(anclora.__path__, "anclora."):
        if "migrations" not in found.name and not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    known = {each.name: set(each.labels) for each in INSTRUMENTS}
    for promise in CONTRACT:
        name, _, labels = promise.rstrip("}").partition("{")
        assert set(filter(None, labels.split(","))) <= known[f"anclora_{name}"], promise


def test_no_name_is_declared_twice_and_every_one_is_explained() -> None:
    names = [each.name for each in INSTRUMENTS]
    assert len(names) == len(set(names))
    assert all(each.text[0].isupper() or each.text[0].isdigit() for each in INSTRUMENTS)


def test_whole_seconds_are_written_as_rules_write_them() -> None:
    made = histogram("test_whole_seconds", "Of a test", (0.5, 1.0, 30.0))
    made.observe(2)
    text = exposition().decode()
    assert 'anclora_test_whole_seconds_bucket{le="30"} 1.0' in text
    assert 'le="30.0"' not in text
    assert {family.name for family in text_string_to_metric_families(text)} >= {"anclora_test_whole_seconds"}


@pytest.mark.parametrize("seen", [[], [0.5], [0.0, 0.5, 0.51, 1.0, 29.9, 30.0, 31.0, 1e9]])
def test_many_at_once_are_counted_as_one_by_one(seen: list[float]) -> None:
    name = f"test_many_{len(seen)}_seconds"
    one, many = (
        histogram(f"{name}_one", "Of a test", (0.5, 1, 30)),
        histogram(f"{name}_many", "Of a test", (0.5, 1, 30)),
    )
    for value in seen:
        one.observe(value)
    observe_all(many, seen)
    samples = [[(s.labels, s.value) for family in each.collect() for s in family.samples] for each in (one, many)]
    assert samples[0] == samples[1]


def test_a_figure_forgets_what_is_no_more_and_nothing_is_not_zero() -> None:
    figure = Figure("test_figure", "Of a test", ("queue",))
    figure.show({("a",): 1.0, ("b",): 2.0})
    figure.show({("b",): 3.0})
    assert REGISTRY.get_sample_value("anclora_test_figure", {"queue": "a"}) is None
    assert REGISTRY.get_sample_value("anclora_test_figure", {"queue": "b"}) == 3.0
    figure.show_one(None)
    assert REGISTRY.get_sample_value("anclora_test_figure", {"queue": "b"}) is None


def test_however_many_there_are_the_series_are_few() -> None:
    series = bounded({f"n{n}": float(n) for n in range(100)}, 3)
    assert series == {("n99",): 99.0, ("n98",): 98.0, ("n97",): 97.0, (OTHER,): float(sum(range(97)))}
    assert sum(bounded({"a": 1.0}, 3).values()) == 1.0
    word = Bounded(2)
    assert [word(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", OTHER, "a", OTHER]


def test_a_folder_that_cannot_be_used_is_named_in_a_sentence() -> None:
    env = {"PROMETHEUS_MULTIPROC_DIR": "/dev/null/counts", "PATH": ""}
    words = [sys.executable, "-c", "import anclora.kit.metrics"]
    ended = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("anclora: PROMETHEUS_MULTIPROC_DIR names /dev/null/counts, which cannot be used")


_PROCESS = """
import os, sys
from anclora.kit import metrics as m
counts, took = m.counter("t", "T", ("a",)), m.histogram("h_seconds", "H", (1, 30))
late = m.gauge("lag", "L", own=True)
times = int(sys.argv[1])
[counts.labels("x").inc() for _ in range(times)]
took.observe(times)
late.set(times)
print("counted", flush=True)
if sys.stdin.readline():
    print(m.exposition().decode(), flush=True)
os.kill(os.getpid(), 9)
"""


def process(folder: Path, times: int) -> subprocess.Popen[str]:
    """A process that counts in a folder; told so it shows what it sees, and it ends without a word."""
    env = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PATH": ""}
    started = subprocess.Popen(
        [sys.executable, "-c", _PROCESS, str(times)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout
    assert started.stdout.readline() == "counted\n"
    return started


def test_what_was_counted_outlives_processes_and_what_they_said_of_themselves_does_not(tmp_path: Path) -> None:
    for times in (3, 4):
        process(tmp_path, times).communicate("")
    first, second, third = process(tmp_path, 5), process(tmp_path, 6), process(tmp_path, 7)
    second.communicate("")
    told, _ = third.communicate("show\n")
    first.communicate("")
    assert 'anclora_t_total{a="x"} 25.0' in told
    assert 'anclora_h_seconds_bucket{le="30"} 5.0' in told
    assert [line for line in told.splitlines() if line.startswith("anclora_lag")] == [
        'anclora_lag{pid="0"} 5.0',
        'anclora_lag{pid="2"} 7.0',
    ]
    assert len(list(tmp_path.glob("counter_*"))) == 3  # places are taken again and again
