"""What checks mean, and what the kernel's files say: decisions without a server."""

import math
from pathlib import Path
from typing import Any

import pytest

from anclora.health.figures import circuits_of, depths, drains, oldest
from anclora.health.model import EFFECTS, Check, Disk, Effect, RedisView, Task
from anclora.health.redis import redis_view
from anclora.health.rules import (
    judge_clock,
    judge_disks,
    judge_instances,
    judge_lag,
    judge_memory,
    judge_migrations,
    judge_queue,
    judge_storage,
    overall,
)
from anclora.health.task import read_disk, read_task, read_written
from anclora.messages.overview import QueueCounts
from anclora.messages.queue_view import LaneView, QueueView, view_of, waits_seconds
from anclora.queue import LaneStats

_COUNTS: dict[str, Any] = {
    "queued": 0,
    "scheduled": 7,
    "held": 0,
    "held_by_instance": {},
    "oldest_by_instance": {},
    "sending": 0,
    "unknown": 1,
    "completed_24h": 0,
    "failed_24h": 0,
    "dlq": 2,
}


def view(
    waiting: int,
    oldest_seconds: float,
    pace: float,
    lanes: list[LaneView] | None = None,
    paces: dict[str, float] | None = None,
) -> QueueView:
    counts = QueueCounts(**_COUNTS, throughput_per_second=pace, throughput_by_instance=paces or {})
    return view_of(counts, waiting, 0, 0, oldest_seconds, [] if lanes is None else lanes)


def lane(name: str, waiting: int, oldest_seconds: float = 0.0) -> LaneView:
    return LaneView(
        instance=name,
        waiting=waiting,
        active=0,
        delayed=0,
        held=0,
        oldest_waiting_seconds=oldest_seconds,
        paused=False,
        why=None,
        closed=[],
        per_minute=0.0,
        sent_24h=None,
        cap_24h=0,
    )


def check(status: Any) -> Check:
    return Check(status=status, message="", duration_ms=0.0)


@pytest.mark.parametrize(("name", "effect"), EFFECTS.items())
def test_one_table_says_what_each_check_stops(name: str, effect: Effect) -> None:
    others = {other: check("healthy") for other in EFFECTS}
    assert overall(others) == "healthy"
    assert overall({**others, name: check("degraded")}) == "degraded"
    assert overall({**others, name: check("unhealthy")}) == ("unhealthy" if effect is Effect.BREAKS else "degraded")


@pytest.mark.parametrize(
    ("finding", "status", "words"),
    [
        (judge_clock(-0.5), "healthy", "-0.500 s"),
        (judge_clock(2.5), "unhealthy", "+2.5 s off the database's"),
        (judge_migrations("b", ["a", "b"]), "healthy", "at b"),
        (judge_migrations("a", ["a", "b"]), "unhealthy", "anclora migrate"),
        (judge_migrations(None, ["a", "b"]), "unhealthy", "no revision"),
        (judge_migrations("c", ["a", "b"]), "degraded", "newer"),
        (judge_lag(0.02), "healthy", "20 ms"),
        (judge_lag(3.0), "degraded", "3000 ms"),
        (judge_instances({}), "degraded", "no instance"),
        (judge_instances({"a": "connected"}), "healthy", "1 connected"),
        (judge_instances({"a": "connected", "b": "missing"}), "degraded", "1 missing: b"),
        (judge_queue(view(9, 5, 0.0), limit_seconds=300), "healthy", "9 wait"),
        (judge_queue(view(9, 301, 5.0), limit_seconds=300), "degraded", "300 s is the limit"),
        (judge_queue(view(9, 90, 0.0), limit_seconds=300), "degraded", "nothing went out"),
        (judge_queue(view(9_000, 90, 5.0), limit_seconds=300), "degraded", "1800 s"),
        (judge_queue(view(90, 90, 5.0), limit_seconds=300), "healthy", "90 wait"),
        (judge_disks({"data": Disk(free_bytes=10**6, size_bytes=10**9)}), "degraded", "for data"),
        (judge_disks({"data": Disk(free_bytes=2 * 10**9, size_bytes=10**12)}), "healthy", "2000 MB"),
        (judge_disks({}), "healthy", "nothing"),
    ],
)
def test_what_is_found_is_said_in_words_that_help(finding: tuple[str, str], status: str, words: str) -> None:
    assert finding[0] == status
    assert words in finding[1]


def redis(**told: Any) -> RedisView:
    answer = {"maxmemory_policy": "noeviction", "aof_enabled": 1, "used_memory": 10, "maxmemory": 100, **told}
    return redis_view([answer, {"maxmemory_policy": "noeviction", "aof_enabled": 1, "used_memory": 5}], None)


@pytest.mark.parametrize(
    ("found", "must_keep", "status"),
    [
        (redis(), True, "healthy"),
        (redis(maxmemory_policy="volatile-lru"), True, "unhealthy"),
        (redis(aof_last_write_status="err"), True, "unhealthy"),
        (redis(rdb_last_bgsave_status="err"), True, "unhealthy"),
        (redis(used_memory=90), True, "degraded"),
        (redis(aof_enabled=0), True, "degraded"),
        (redis(aof_enabled=0), False, "healthy"),
    ],
)
def test_the_worst_of_several_redis_counts(found: RedisView, must_keep: bool, status: str) -> None:
    assert judge_storage(found, must_keep=must_keep)[0] == status


@pytest.mark.parametrize(
    ("stats", "oldest_seconds", "clear_seconds", "waits"),
    [
        (LaneStats(5, 0, 0, False), 100.0, math.inf, 100.0),  # never seen otherwise: the ledger's age is the wait
        (LaneStats(0, 3, 900, False), 1_000.0, 0.0, 0.0),  # all of it waits for its pace
        (LaneStats(2, 3, 900, False), 1_000.0, 1.5, 1.5),  # two may go, and a moment ago none might
        (LaneStats(2, 0, 900, False), 1_000.0, 400.0, 400.0),  # two may go, and nobody took them for long
        (LaneStats(1, 0, 0, False), 1_000.0, 1.5, 1.5),  # the last of a paced lane
        (LaneStats(0, 0, 0, False), 30.0, 0.0, 30.0),  # not in its lane yet
    ],
)
def test_pace_and_order_are_no_backlog(
    stats: LaneStats, oldest_seconds: float, clear_seconds: float, waits: float
) -> None:
    assert waits_seconds(stats, oldest_seconds, clear_seconds) == waits


def test_every_lane_has_its_zeros_and_many_lanes_have_few_series() -> None:
    found = depths(view(3, 0, 1, [lane("a", 3)]), ["a", "b"])
    assert (found["a", "waiting"], found["b", "waiting"], found["b", "held"]) == (3, 0, 0)
    assert (found["all", "scheduled"], found["all", "unknown"], found["all", "dlq"]) == (7, 1, 2)
    many = [lane(f"n{n:03}", n, float(n)) for n in range(200)]
    found = depths(view(1, 0, 1, many), [])
    waiting = {queue: count for (queue, state), count in found.items() if state == "waiting"}
    assert (len(waiting), sum(waiting.values())) == (52, sum(range(200)))
    ages = oldest(view(1, 0, 1, many), [])
    assert (len(ages), ages[("other",)], ages[("n199",)]) == (51, 149.0, 199.0)
    assert oldest(view(0, 0, 1), []) == {("all",): 0.0}


def test_each_lane_ends_at_its_own_pace_and_one_that_sends_nothing_has_no_end() -> None:
    lanes = [lane("a", 30), lane("b", 6), lane("dead", 5)]
    found = drains(view(41, 0, 3.5, lanes, {"a": 3.0, "b": 0.5}), ["a", "b", "dead", "idle"])
    assert found == {("all",): 11.7, ("a",): 10.0, ("b",): 12.0, ("idle",): 0.0}
    many = [lane(f"n{n:03}", n) for n in range(200)]
    found = drains(view(1, 0, 1, many, {each.instance: 1.0 for each in many}), [])
    assert (len(found), found[("other",)], found[("n199",)]) == (52, 149.0, 199.0)


def test_without_lanes_the_ledgers_sums_are_shown() -> None:
    counts = QueueCounts(**_COUNTS, throughput_per_second=0.0, throughput_by_instance={})
    away = view_of(counts, 4, 1, 0, 9.0)
    assert depths(away, ["a"])["all", "waiting"] == 4
    assert (oldest(away, ["a"]), away.drain_seconds, drains(away, ["a"])) == ({("all",): 9.0}, None, {})
    assert circuits_of([], None) == {}  # pyright: ignore[reportArgumentType] - nobody asks for the moment


def machine(folder: Path) -> Path:
    """What the kernel tells of a machine with 1,000 kB, 400 of them free, and of a process in a group."""
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text("MemTotal:     1000 kB\nMemFree: 1 kB\nMemAvailable:  400 kB\n")
    (folder / "stat").write_text("cpu  100 0 100 500 100 0 0 0 0 0\ncpu0 1 1\n")
    (folder / "self" / "cgroup").write_text("0::/task/main\n")
    (folder / "self" / "io").write_text("rchar: 9\nread_bytes: 4096\nwrite_bytes: 8192\n")
    return folder


def test_the_lowest_limit_above_us_counts_and_what_can_be_given_back_does_not(tmp_path: Path) -> None:
    groups, proc = tmp_path / "groups", machine(tmp_path / "proc")
    own = groups / "task" / "main"
    own.mkdir(parents=True)
    (groups / "cgroup.controllers").write_text("cpu memory")
    (own / "memory.max").write_text("max\n")
    (own.parent / "memory.max").write_text("500000\n")
    (own.parent / "memory.current").write_text("450000\n")
    (own.parent / "memory.stat").write_text("anon 1\ninactive_file 50000\n")
    (own.parent / "cpu.max").write_text("50000 100000\n")
    (own / "cpu.stat").write_text("usage_usec 2500000\n")
    (own / "memory.events").write_text("low 0\noom 2\noom_kill 3\n")
    found = read_task(groups, proc)
    assert found == Task(memory_bytes=400_000, memory_limit_bytes=500_000, cpu_seconds=2.5, cpus=0.5, oom_kills=3)
    assert judge_memory(found)[0] == "healthy"
    assert (
        judge_memory(Task(memory_bytes=95, memory_limit_bytes=100, cpu_seconds=0, cpus=1, oom_kills=0))[0] == "degraded"
    )


def test_without_groups_of_version_2_it_is_the_machine(tmp_path: Path) -> None:
    found = read_task(tmp_path / "none", machine(tmp_path / "proc"))
    assert (found.memory_bytes, found.memory_limit_bytes) == (600 * 1024, 1000 * 1024)
    assert found.cpu_seconds == pytest.approx(2.0)
    assert read_written(tmp_path / "proc") == (4096, 8192)
    assert read_written(tmp_path / "nowhere") == (0, 0)
    real = read_task()
    assert 0 < real.memory_bytes < real.memory_limit_bytes


def test_the_room_of_a_folder_that_is_not_there_yet_is_that_of_the_one_above(tmp_path: Path) -> None:
    disk = read_disk(tmp_path / "not" / "yet")
    assert disk is not None
    assert 0 < disk.free_bytes <= disk.size_bytes
