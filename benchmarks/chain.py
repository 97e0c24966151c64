"""How long a message takes from the doors to the provider, and what a second dispatch process costs and brings."""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

from redis.asyncio import Redis

from anclora.cli.home import free_port
from anclora.messages.feed import lane_of
from anclora.queue import Queue
from benchmarks.accept import PEOPLE
from benchmarks.cpu import cpu_seconds
from benchmarks.load import Load, Outcome, run
from benchmarks.stage import NUMBERS, OURS, THEIRS, Stage, staged

_SECONDS = 6.0
_COUNT = 10_000
_RUNS = 3
_PATIENCE_SECONDS = 60.0
_UNSENT = "select 1 from messages where sent_at is null limit 1"
_LATENCY = """
select percentile_cont(array[0.5, 0.95, 0.99]) within group (order by extract(epoch from sent_at - created_at) * 1000)
from messages
"""


def measure() -> dict[str, object]:
    """`accepted_to_provider_p95_ms`, `second_process_rate` and `second_process_cpu`."""
    return _latency() | _second_process()


def drafts(count: int) -> list[dict[str, str]]:
    """So many messages to a thousand people."""
    return [
        {"to": f"+346{n % PEOPLE:08d}", "text": f"#{n} hola", "instance": f"bench-{n % PEOPLE % NUMBERS}"}
        for n in range(count)
    ]


def post(stage: Stage, url: str, bodies: list[Any], *, bulk: bool = False, **words: Any) -> Outcome:
    """Messages through the doors; every answer must be good."""
    load = Load(
        url=url,
        target="/api/v1/messages/bulk" if bulk else "/api/v1/messages",
        headers={"X-API-Key": stage.key},
        bodies=[json.dumps(body) for body in bodies],
        **words,
    )
    outcome = run(load, core=THEIRS)
    if outcome.bad:
        raise RuntimeError(f"{outcome.bad} bad answers, among them {outcome.worst}")
    return outcome


def _latency() -> dict[str, object]:
    """Open loop at half the rate of a closed one; to the moment the provider's answer is in the ledger."""
    with staged() as stage:
        url, _ = stage.api()
        stage.serve("dispatch", core=OURS)
        stage.serve("work", core=THEIRS)
        bodies = drafts(2_000)
        post(stage, url, bodies, at_once=64, seconds=1.0)
        stage.none_left(_UNSENT, _PATIENCE_SECONDS)
        began, before = time.monotonic(), _count(stage)
        post(stage, url, bodies, at_once=64, seconds=_SECONDS)
        stage.none_left(_UNSENT, _PATIENCE_SECONDS)
        rate = (_count(stage) - before) / (time.monotonic() - began)
        stage.ask("truncate messages")
        open_loop = post(stage, url, bodies, at_once=64, seconds=_SECONDS, per_second=rate / 2)
        stage.none_left(_UNSENT, _PATIENCE_SECONDS)
        [[(p50, p95, p99)]] = stage.ask(_LATENCY)
    return {
        "accepted_to_provider_p95_ms": round(p95, 1),
        "accepted_to_provider_p95_ms_detail": {
            "limit": 50,
            "p50_ms": round(p50, 1),
            "p99_ms": round(p99, 1),
            "p99_limit_ms": 150,
            "until": "the provider's answer is in the ledger",
            "chain_per_second": round(rate),
            "offered_per_second": round(open_loop.per_second),
            "processes": "doors and dispatch on core 0, all else on core 1",
        },
    }


def _count(stage: Stage) -> int:
    return int(stage.ask("select count(*) from messages")[0][0])


def _second_process() -> dict[str, object]:
    """A provider that takes 50 ms, 64 requests open per process; one process and two in turn, as much to send."""
    port = free_port()
    with staged(f"http://127.0.0.1:{port}") as stage:
        argv = ["taskset", "-c", str(THEIRS), sys.executable, "-m", "benchmarks.slow_sink", str(port), "50"]
        stage.children.append(subprocess.Popen(argv))
        url, _ = stage.api()
        stage.serve("work", core=THEIRS)
        runs = [(_drain(stage, url, 1), _drain(stage, url, 2)) for _ in range(_RUNS)]
    ones, twos = (
        [sorted(part)[len(part) // 2] for part in zip(*some, strict=True)] for some in zip(*runs, strict=True)
    )
    rates = [round(two[0] / one[0], 2) for one, two in runs]
    costs = [round(two[1] / one[1], 2) for one, two in runs]
    return {
        "second_process_rate": round(twos[0] / ones[0], 2),
        "second_process_rate_detail": {
            "limit": 1.9,
            "figure": round(twos[0]),
            "peer": round(ones[0]),
            "peer_is": "one dispatch process; the provider takes 50 ms, each has 64 requests open",
            "unit": "messages a second",
            "spread": [min(rates), max(rates)],
        },
        "second_process_cpu": round(twos[1] / ones[1], 2),
        "second_process_cpu_detail": {
            "limit": 1.15,
            "figure": round(twos[1]),
            "peer": round(ones[1]),
            "unit": "CPU microseconds a message, ours and stores",
            "spread": [min(costs), max(costs)],
        },
    }


def _drain(stage: Stage, url: str, processes: int) -> tuple[float, float]:
    """Messages a second, and CPU microseconds a message, of so many dispatch processes that find them waiting."""
    count = _COUNT * processes // 2
    stage.ask("truncate messages, attempts, provider_messages")
    asyncio.run(_gate(stage, closed=True))
    some = drafts(count)
    post(
        stage,
        url,
        [{"messages": some[at : at + 1_000]} for at in range(0, count, 1_000)],
        bulk=True,
        at_once=2,
        again=False,
    )
    stage.none_left("select 1 from outbox limit 1", _PATIENCE_SECONDS)
    children = [stage.serve("dispatch") for _ in range(processes)]
    stage.dispatching(processes)
    time.sleep(1.0)  # they stand idle
    used = stage.stores_seconds() + sum(cpu_seconds(child.pid) for child in children)
    asyncio.run(_gate(stage, closed=False))
    stage.none_left(_UNSENT, _PATIENCE_SECONDS)
    used = stage.stores_seconds() + sum(cpu_seconds(child.pid) for child in children) - used
    seconds = float(stage.ask("select extract(epoch from max(sent_at) - min(intent_at)) from messages")[0][0])
    stage.stop(*children)
    return count / seconds, used * 1e6 / count


async def _gate(stage: Stage, *, closed: bool) -> None:
    """Close or open all lanes."""
    async with Redis.from_url(stage.servers.redis_url) as redis:
        queue = Queue(redis, lease_seconds=30)
        for number in range(NUMBERS):
            lane = lane_of(f"bench-{number}")
            await (queue.pause(lane, for_seconds=None) if closed else queue.resume(lane))
