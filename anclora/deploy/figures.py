"""What tasks did, by what they count at `/metrics`: a counter begins with its process, so a new task tells of itself.

`read` asks; everything else here is pure.
"""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from anclora.deploy.model import Task
from anclora.kit.errors import UnavailableError
from anclora.kit.wire import JsonClient

_BYTES = 8_000_000
_SECONDS = 5.0
_NO_WORK = ("/health", "/metrics")
Buckets = dict[str, float]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one task did since it started, or several together.

    Attributes:
        requests: answered, health and metrics left out; `requests_failed` with 5xx.
        sends: messages sent or failed, the recipients' faults left out; `sends_failed`.
        dead: messages given up.
        dispatch: of each upper bound in seconds, how many went out within it, from when they could go.
        answers: the same of HTTP requests.
        drain_seconds: how long what waits takes; None = nothing goes, or nobody says.
        memory_bytes: of each; the largest of several.
    """

    tasks: int = 1
    requests: float = 0
    requests_failed: float = 0
    sends: float = 0
    sends_failed: float = 0
    dead: float = 0
    dispatch: Buckets = {}
    answers: Buckets = {}
    drain_seconds: float | None = None
    memory_bytes: float = 0


async def read(tasks: Sequence[Task]) -> dict[str, str]:
    """What each task that answers shows, by its id."""

    async def one(task: Task) -> tuple[str, str] | None:
        if not task.url:
            return None
        client = JsonClient(task.url, timeout_seconds=_SECONDS, connect_timeout_seconds=3.0, body_limit_bytes=_BYTES)
        try:
            answer = await client.ask("GET", "/metrics")
        except UnavailableError:
            return None
        finally:
            await client.close()
        return (task.id, answer.body.decode("utf-8", "replace")) if answer.status == 200 else None

    return dict(each for each in await asyncio.gather(*(one(task) for task in tasks)) if each)


def figures_of(text: str) -> Figures:
    """One task's, from the text of `/metrics`; raises `ValueError` for what is none."""
    requests = failed = sends = sends_failed = dead = memory = 0.0
    dispatch: Buckets = {}
    answers: Buckets = {}
    drain: float | None = None
    for family in text_string_to_metric_families(text):
        for name, labels, value, *_ in family.samples:
            match name:
                case "anclora_http_requests_total" if not labels.get("route", "").startswith(_NO_WORK):
                    requests += value
                    failed += value if labels.get("code", "").startswith("5") else 0
                case "anclora_messages_total" if labels.get("outcome") in ("sent", "failed"):
                    theirs = labels.get("fault") == "recipient"
                    sends += 0 if theirs else value
                    sends_failed += value if labels["outcome"] == "failed" and not theirs else 0
                case "anclora_dlq_messages_total":
                    dead += value
                case "anclora_dispatch_latency_seconds_bucket":
                    dispatch = _plus(dispatch, {labels["le"]: value})
                case "anclora_http_request_duration_seconds_bucket" if not labels.get("route", "").startswith(_NO_WORK):
                    answers = _plus(answers, {labels["le"]: value})
                case "anclora_queue_drain_seconds" if labels.get("queue") == "all" and not math.isnan(value):
                    drain = value
                case "process_resident_memory_bytes":
                    memory = value
                case _:
                    pass
    return Figures(
        requests=requests,
        requests_failed=failed,
        sends=sends,
        sends_failed=sends_failed,
        dead=dead,
        dispatch=dispatch,
        answers=answers,
        drain_seconds=drain,
        memory_bytes=memory,
    )


def total(some: Iterable[Figures]) -> Figures | None:
    """Those of several tasks together; None of none."""
    found = list(some)
    if not found:
        return None
    dispatch: Buckets = {}
    answers: Buckets = {}
    for each in found:
        dispatch, answers = _plus(dispatch, each.dispatch), _plus(answers, each.answers)
    return Figures(
        tasks=sum(each.tasks for each in found),
        requests=sum(each.requests for each in found),
        requests_failed=sum(each.requests_failed for each in found),
        sends=sum(each.sends for each in found),
        sends_failed=sum(each.sends_failed for each in found),
        dead=sum(each.dead for each in found),
        dispatch=dispatch,
        answers=answers,
        # The queue is one; each task tells of the whole.
        drain_seconds=max((each.drain_seconds for each in found if each.drain_seconds is not None), default=None),
        memory_bytes=max(each.memory_bytes for each in found),
    )


def p95_of(buckets: Mapping[str, float]) -> float | None:
    """The upper bound of the bucket in which the 95th of 100 lies; infinite when it is the last; None of nothing."""
    bounds = sorted((float(bound), count) for bound, count in buckets.items())
    if not bounds or not bounds[-1][1]:
        return None
    wanted = 0.95 * bounds[-1][1]
    return next(bound for bound, count in bounds if count >= wanted)


def counted(buckets: Mapping[str, float]) -> float:
    """How many are in them."""
    return max(buckets.values(), default=0)


def _plus(one: Mapping[str, float], other: Mapping[str, float]) -> Buckets:
    return {bound: one.get(bound, 0) + other.get(bound, 0) for bound in {**one, **other}}
