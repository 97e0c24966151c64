"""The judge's table: new against old by failures, latency, messages given up, drain time; and the figures."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from anclora.deploy.figures import Figures, figures_of, p95_of, total
from anclora.deploy.judge import Limits, judge, lower_end
from anclora.deploy.model import Task
from anclora.deploy.verify import Watch
from tests.unit.test_deploy_rules import service

METRICS = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def buckets(**counts: int) -> dict[str, float]:
    """`s0_1=90, inf=100`."""
    return {name.removeprefix("s").replace("_", ".").replace("inf", "+Inf"): n for name, n in counts.items()}


FAST = buckets(s0_1=96, s0_5=100, inf=100)  # p95 100 ms
SLOWER = buckets(s0_1=10, s0_5=96, inf=100)  # 500 ms
SLOWEST = buckets(s0_1=10, s0_5=20, inf=100)  # more than is measured
GOOD = Figures(tasks=4, requests=1000, requests_failed=1, sends=1000, sends_failed=2, dead=1, dispatch=FAST)


def like_good(**changes: Any) -> Figures:
    return msgspec.structs.replace(GOOD, **changes)


CASES = [
    # new, old, verdict, a reason
    ("as good", GOOD, GOOD, "good", ""),
    ("as good, and nobody knows what was", GOOD, None, "good", ""),
    ("20 % of requests fail", like_good(requests_failed=200), GOOD, "bad", "requests that failed: 20.0% (200 of 1000)"),
    ("20 % of few fail", like_good(requests=50, requests_failed=10), GOOD, "bad", "requests that failed: 20.0%"),
    ("20 % of sends fail", like_good(sends_failed=200), GOOD, "bad", "sends that failed: 20.0%"),
    ("20 % fail, and nobody knows what was", like_good(requests_failed=200), None, "bad", "before nobody knows"),
    ("2 % fail, and 2 % did", like_good(requests_failed=20), like_good(requests_failed=20), "good", ""),
    ("20 % fail, and 20 % did", like_good(sends_failed=200), like_good(sends_failed=200), "good", ""),
    ("50 % fail, and 20 % did", like_good(sends_failed=500), like_good(sends_failed=200), "bad", "allowed 40.0%"),
    ("1 of 60 fails: chance", like_good(requests=60, requests_failed=1), GOOD, "good", ""),
    ("2 % of 1,000 fail: more than chance", like_good(requests_failed=21), GOOD, "bad", "before 0.1%, allowed 1.0%"),
    ("5 % are given up", like_good(dead=53), GOOD, "bad", "messages given up: 5.0% (53 of 1053)"),
    ("slower than half as slow again", like_good(dispatch=SLOWER), GOOD, "bad", "dispatch p95: 500 ms, before 100 ms"),
    ("slower than is measured", like_good(dispatch=SLOWEST), GOOD, "bad", "dispatch p95: more than is measured"),
    ("as slow as before", like_good(dispatch=SLOWER), like_good(dispatch=SLOWER), "good", ""),
    ("slow, and nobody knows what was", like_good(dispatch=SLOWER), None, "good", ""),
    ("slow, and few were timed before", like_good(dispatch=SLOWER), like_good(dispatch=buckets(inf=49)), "good", ""),
    ("answers are slower", like_good(answers=SLOWER), like_good(answers=FAST), "bad", "answer p95: 500 ms"),
    ("drains in an hour", like_good(drain_seconds=3600), like_good(drain_seconds=60), "bad", "drain time: 3600 s"),
    ("drains in ten minutes", like_good(drain_seconds=600), like_good(drain_seconds=60), "good", ""),
    ("drains as it did", like_good(drain_seconds=3600), like_good(drain_seconds=2000), "good", ""),
    ("drains in an hour, nobody knows", like_good(drain_seconds=3600), GOOD, "good", ""),
    ("next to nothing was done", Figures(tasks=4, requests=20, sends=29), GOOD, "unknown", "49 requests and sends"),
    ("a task is silent", like_good(tasks=3), GOOD, "unknown", "1 of 4 tasks do not answer"),
    ("all are silent", None, GOOD, "unknown", "no task of the release answers"),
    ("bad, though a task is silent", like_good(tasks=3, sends_failed=200), GOOD, "bad", "sends that failed"),
]


@pytest.mark.parametrize(("new", "old", "verdict", "reason"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_the_judge(new: Figures | None, old: Figures | None, verdict: str, reason: str) -> None:
    judged = judge(new, old, wanted=4)
    assert judged.verdict == verdict, judged
    assert reason in "; ".join(judged.reasons)
    assert bool(judged.reasons) == (verdict != "good")


def test_what_was_looked_at_is_said_even_when_it_is_good() -> None:
    assert judge(GOOD, GOOD, wanted=4).compared == (
        "requests that failed: 0.1% (1 of 1000), before 0.1%, allowed 1.0%",
        "sends that failed: 0.2% (2 of 1000), before 0.2%, allowed 1.0%",
        "messages given up: 0.1% (1 of 1001), before 0.1%, allowed 1.0%",
        "dispatch p95: 100 ms, before 100 ms, allowed 200 ms",
    )


def test_other_limits_give_another_verdict() -> None:
    assert judge(like_good(requests_failed=200), GOOD, wanted=4, limits=Limits(share=0.3)).verdict == "good"


@pytest.mark.parametrize(
    ("bad", "all_", "expected"), [(0, 0, 0.0), (0, 50, 0.0), (10, 50, 0.1007), (200, 1000, 0.1722), (50, 50, 0.9024)]
)
def test_the_lower_end_of_a_share_is_wilsons(bad: int, all_: int, expected: float) -> None:
    assert lower_end(bad, all_) == pytest.approx(expected, abs=0.001)


SHOWN = """
anclora_http_requests_total{route="/api/v1/messages",code="202"} 90
anclora_http_requests_total{route="/api/v1/messages",code="503"} 10
anclora_http_requests_total{route="/health/ready",code="503"} 7
anclora_http_requests_total{route="/metrics",code="200"} 7
anclora_messages_total{outcome="sent",fault="none"} 80
anclora_messages_total{outcome="failed",fault="provider"} 3
anclora_messages_total{outcome="failed",fault="recipient"} 5
anclora_messages_total{outcome="expired",fault="none"} 2
anclora_dlq_messages_total{reason="too_old"} 1
anclora_dlq_messages_total{reason="unknown_outcome"} 2
anclora_dispatch_latency_seconds_bucket{le="0.1"} 70
anclora_dispatch_latency_seconds_bucket{le="+Inf"} 80
anclora_http_request_duration_seconds_bucket{route="/api/v1/messages",le="0.1"} 95
anclora_http_request_duration_seconds_bucket{route="/api/v1/messages/{id}",le="0.1"} 5
anclora_http_request_duration_seconds_bucket{route="/health",le="0.1"} 900
anclora_queue_drain_seconds{queue="all"} 12
anclora_queue_drain_seconds{queue="sales"} 99
process_resident_memory_bytes 1.5e+08
"""


def test_figures_leave_out_health_and_what_is_the_recipients_fault() -> None:
    assert figures_of(SHOWN) == Figures(
        requests=100,
        requests_failed=10,
        sends=83,
        sends_failed=3,
        dead=3,
        dispatch={"0.1": 70, "+Inf": 80},
        answers={"0.1": 100},
        drain_seconds=12,
        memory_bytes=1.5e8,
    )


def test_there_are_such_metrics() -> None:
    page = METRICS.read_text(encoding="utf-8")
    names = {line.partition("{")[0].partition(" ")[0].removesuffix("_bucket") for line in SHOWN.split("\n") if line}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_several_tasks_add_up_but_the_queue_is_one() -> None:
    one, other = figures_of(SHOWN), figures_of('anclora_queue_drain_seconds{queue="all"} 30\n')
    both = total([one, other, other])
    assert both is not None
    assert (both.tasks, both.requests, both.drain_seconds) == (3, 100, 30)
    assert total([]) is None


async def test_tasks_of_before_are_remembered_when_they_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(failed: int) -> str:
        codes = (("200", 1000 - failed), ("500", failed))
        return "\n".join(f'anclora_http_requests_total{{route="/",code="{code}"}} {n}' for code, n in codes) + "\n"

    def task(name: str, rollout: str) -> Task:
        return Task(
            id=name, definition="f:1", rollout=rollout, status="RUNNING", health="HEALTHY", digest="", url="http://x"
        )

    shown = {"old": answered(100), "new": answered(300), "garbled": "<html>"}

    async def read(tasks: Sequence[Task]) -> dict[str, str]:
        return {each.id: shown[each.id] for each in tasks}

    monkeypatch.setattr(sys.modules["anclora.deploy.verify"], "read", read)
    new, old = task("new", "ecs-svc/1"), task("old", "ecs-svc/0")
    watch = Watch(None)
    await watch.look(msgspec.structs.replace(service(desired=1), tasks=(new, old)))
    await watch.look(alone := msgspec.structs.replace(service(desired=1), tasks=(new, task("garbled", "ecs-svc/1"))))
    told = "requests that failed: 30.0% (300 of 1000), before 10.0%, allowed 20.0%"
    assert watch.judged(alone, Limits()).reasons == (told,)


def test_what_nobody_can_say_is_not_zero() -> None:
    assert figures_of('anclora_queue_drain_seconds{queue="all"} NaN\n').drain_seconds is None
    assert p95_of({}) is None
    assert p95_of({"0.1": 0, "+Inf": 0}) is None
    assert (p95_of(FAST), p95_of(SLOWEST)) == (0.1, float("inf"))
    with pytest.raises(ValueError, match="no exposition"):
        figures_of("<html> no exposition </html>")
