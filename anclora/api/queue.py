"""The queue's doors: what waits and why, without names and numbers of people; and the rebuild of the lanes."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs, open_to_all
from anclora.api.cached import Cached
from anclora.api.deps import Deps, deps_of
from anclora.api.openapi import documented
from anclora.messages.queue_view import LaneView, QueueView, QueueWatch
from anclora.messages.reconcile import ask_for_rebuild, current_epoch

router = APIRouter(tags=["operations"])
_SECONDS = 1.0


class QueueMetrics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The queue at a glance.

    Attributes:
        waiting: due and eligible, lacking only a free worker.
        active: being sent.
        delayed: held back by pacing, order, a retry or a pause.
        held: held back by a rule for the message itself: a stopped class or campaign, a strike, quiet hours.
        scheduled: its time has not come.
        completed: sent in the last 24 hours, to the quarter of an hour.
        failed: refused for good in the same time.
        dlq: given up, waiting for a person.
        unknown: sent or not, evidence is being looked for.
        oldest_waiting_seconds: age of the longest wait for a worker, or for a lane. Who is only delayed does not count.
        drain_seconds: how long what waits takes at the pace of the last minute; null = nothing went out in it.
        throughput_per_second: sent per second over the last minute.
        source: `lanes`, or `ledger` while Redis is away: then all that is queued counts as waiting.
        lanes: each lane that has messages or is stopped; only for a key, and not while Redis is away.
    """

    waiting: int
    active: int
    delayed: int
    held: int
    scheduled: int
    completed: int
    failed: int
    dlq: int
    unknown: int
    oldest_waiting_seconds: float
    drain_seconds: float | None
    throughput_per_second: float
    source: str
    lanes: list[LaneView] | None = None


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """How far the lanes are. A rebuild is done when the epoch is higher than its answer said.

    Attributes:
        epoch: counts the rebuilds of this installation.
    """

    epoch: int


def queue_cache(deps: Deps) -> Cached[QueueView]:
    """The queue, at most a second old."""
    watch = QueueWatch(deps.db, deps.queue, deps.book, deps.settings, deps.clock)
    return Cached(watch.look, deps.clock, seconds=_SECONDS)


def metrics_of(view: QueueView) -> QueueMetrics:
    """The same as it is shown."""
    counts = view.counts
    return QueueMetrics(
        waiting=view.waiting,
        active=view.active,
        delayed=view.delayed,
        held=counts.held,
        scheduled=counts.scheduled,
        completed=counts.completed_24h,
        failed=counts.failed_24h,
        dlq=counts.dlq,
        unknown=counts.unknown,
        oldest_waiting_seconds=view.oldest_waiting_seconds,
        drain_seconds=view.drain_seconds,
        throughput_per_second=counts.throughput_per_second,
        source="ledger" if view.lanes is None else "lanes",
        lanes=view.lanes,
    )


@router.get("/queue/metrics", summary="What waits, and why", responses=documented(QueueMetrics, 401, 503))
async def get_queue_metrics(request: Request, caller: Annotated[Caller | None, Depends(open_to_all)]) -> Response:
    """Counts, at most a second old; lane by lane for a key."""
    cache: Cached[QueueView] = request.app.state.queue_metrics
    metrics = metrics_of(await cache.get())
    return answer(metrics if caller else msgspec.structs.replace(metrics, lanes=None))


@router.post(
    "/api/v1/queue/rebuild",
    summary="Rebuild the lanes from the ledger",
    responses=documented(Rebuild, 401, 403, 422, 503),
)
async def post_rebuild(request: Request, caller: Annotated[Caller, Depends(Needs("queue:write"))]) -> Response:
    """Safe at any time, while everything runs: the ledger decides who is sent, the lanes only propose."""
    return answer(Rebuild(epoch=await ask_for_rebuild(deps_of(request).db, actor=caller.actor)))


@router.get(
    "/api/v1/queue/rebuild", summary="How far the rebuild is", responses=documented(Rebuild, 401, 403, 422, 503)
)
async def get_rebuild(request: Request, _caller: Annotated[Caller, Depends(Needs("queue:write"))]) -> Response:
    """The epoch of the lanes now."""
    return answer(Rebuild(epoch=await current_epoch(deps_of(request).db)))
