"""A whole life: accepted, sent, and three receipts; its cost in CPU, and 600 a second on four workers.

The sandbox plays the provider; its own CPU is not counted. What a life costs is measured with the doors and one of two
dispatchers on core 0 and everything else on core 1; the 600 a second with nobody bound to a core, as where it runs.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from anclora.cli.home import free_port
from benchmarks.chain import drafts, post
from benchmarks.cpu import cpu_seconds, unbind
from benchmarks.stage import NUMBERS, OURS, THEIRS, Stage, staged

_COUNT = 5_000
_RATE = 600
_SECONDS = 60.0 if os.environ.get("LONG") else 15.0
_PATIENCE_SECONDS = 90.0
_WORKERS = (("doors", "api"), ("dispatch 1", "dispatch"), ("dispatch 2", "dispatch"), ("work", "work"))
_UNREAD = "select 1 from messages where read_at is null limit 1"
_LATENCY = """
select percentile_cont(array[0.5, 0.95, 0.99]) within group (order by extract(epoch from sent_at - created_at) * 1000)
from messages
"""
_WAITING = "select count(*) from messages where sent_at is null"


def measure() -> dict[str, object]:
    """`life_cpu_us`, `life_stores_cpu_us` and `capacity_p95_ms`."""
    sandbox_port, public_port = free_port(), free_port()
    with staged(f"http://127.0.0.1:{sandbox_port}") as stage:
        start_sandbox(stage, sandbox_port)
        stage.env["ANCLORA_PUBLIC_URL"] = f"http://127.0.0.1:{public_port}"
        url, doors = stage.api(port=public_port)
        others = [
            stage.serve(role, core=core) for (_, role), core in zip(_WORKERS[1:], (OURS, THEIRS, THEIRS), strict=True)
        ]
        ours = [doors, *others]
        stage.dispatching(2)
        burst(stage, url, 1_000)  # everything is warm
        return _cost(stage, url, ours) | _capacity(stage, url, ours)


def start_sandbox(stage: Stage, port: int) -> None:
    """A provider that delivers soon, and is read soon after."""
    script = stage.folder / "sandbox.json"
    receipts = {"server_ack_ms": [1, 5], "delivery_ms": [20, 60], "read_ms": [100, 300]}
    numbers = [{"name": f"bench-{n}"} for n in range(NUMBERS)]
    script.write_text(json.dumps({"instances": numbers, "receipts": receipts}))
    words = (
        "--port",
        str(port),
        "--script",
        str(script),
        "--witness",
        str(stage.folder / "witness"),
        "--api-key",
        "bench",
    )
    argv = ["taskset", "-c", str(THEIRS), sys.executable, "-m", "anclora", "sandbox", *words]
    with (stage.folder / "sandbox.log").open("ab") as log:
        stage.children.append(
            subprocess.Popen(argv, env={**os.environ, "ANCLORA_ENV_FILE": ""}, stdout=log, stderr=log)
        )


def burst(stage: Stage, url: str, count: int) -> float:
    """So many messages; the seconds until every one was read."""
    stage.ask("truncate messages")
    some = drafts(count)
    bulks = [{"messages": some[at : at + 500]} for at in range(0, count, 500)]
    began = time.monotonic()
    post(stage, url, bulks, bulk=True, at_once=2, again=False)
    stage.none_left(_UNREAD, _PATIENCE_SECONDS)
    return time.monotonic() - began


def _cost(stage: Stage, url: str, ours: "list[subprocess.Popen[bytes]]") -> dict[str, object]:
    before, stores = [cpu_seconds(child.pid) for child in ours], stage.stores_seconds()
    burst(stage, url, _COUNT)
    each = [(cpu_seconds(child.pid) - was) * 1e6 / _COUNT for child, was in zip(ours, before, strict=True)]
    stores = (stage.stores_seconds() - stores) * 1e6 / _COUNT
    return {
        "life_cpu_us": round(sum(each)),
        "life_cpu_us_detail": {
            "goal": 300,
            "unit": "CPU microseconds a message of our processes: accepted, sent, three receipts",
            "by_process": {name: round(us) for (name, _), us in zip(_WORKERS, each, strict=True)},
            "messages": _COUNT,
        },
        "life_stores_cpu_us": round(stores),
        "life_stores_cpu_us_detail": {"goal": 200, "unit": "CPU microseconds a message of Postgres and Redis"},
    }


def _capacity(stage: Stage, url: str, ours: "list[subprocess.Popen[bytes]]") -> dict[str, object]:
    for child in stage.children:
        unbind(child.pid)
    for pid in (stage.servers.postgres_pid, stage.servers.redis_pid):
        unbind(pid)
    stage.ask("truncate messages")
    before, began = [cpu_seconds(child.pid) for child in ours], time.monotonic()
    first = post(stage, url, drafts(2_000), seconds=_SECONDS / 2, at_once=64, per_second=float(_RATE))
    middle = int(stage.ask(_WAITING)[0][0])
    second = post(stage, url, drafts(2_000), seconds=_SECONDS / 2, at_once=64, per_second=float(_RATE))
    end, seconds = int(stage.ask(_WAITING)[0][0]), time.monotonic() - began
    shares = [(cpu_seconds(child.pid) - was) / seconds for child, was in zip(ours, before, strict=True)]
    stage.none_left(_UNREAD, _PATIENCE_SECONDS)
    [[(p50, p95, p99)]] = stage.ask(_LATENCY)
    processes = {
        name: {"core_percent": round(100 * share), "rss_mb": _rss_mb(child.pid), "rss_limit_mb": 2_048}
        for (name, _), share, child in zip(_WORKERS, shares, ours, strict=True)
    }
    return {
        "capacity_p95_ms": round(p95, 1),
        "capacity_p95_ms_detail": {
            "limit": 200,
            "p50_ms": round(p50, 1),
            "p99_ms": round(p99, 1),
            "offered_per_second": _RATE,
            "accepted_per_second": [round(first.per_second), round(second.per_second)],
            "waiting": {"in_the_middle": middle, "at_the_end": end},
            "receipts_each": 3,
            "seconds": _SECONDS,
            "workers": processes,
        },
    }


def _rss_mb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) // 1024
