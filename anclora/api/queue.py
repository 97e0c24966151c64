"""The queue's doors: what waits and why, without names and numbers of people; and the rebuild of the lanes."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from anclora.access import Caller
from anclora.api.answers import answer
from anclora.api.auth import Needs, open_to_all
from anclora.api.cached import Cached
from anclora.api.deps import Deps, deps_of
from anclora.api.openapi import documented
from anclora.instances.pacing import read_pacing
from anclora.kit.clock import business_date
from anclora.kit.errors import UnavailableError
from anclora.kit.logging import get_logger
from anclora.messages.feed import LANE_PREFIX
from anclora.messages.gates import read_gates, stop_of
from anclora.messages.overview import queue_counts
from anclora.messages.reconcile import ask_for_rebuild, current_epoch
from anclora.queue import LaneStats, Priority, Stats

log = get_logger(__name__)
router = APIRouter(tags=["operations"])
_SECONDS = 1.0
_EMPTY = LaneStats(waiting=0, active=0, delayed=0, paused=False)
_LANES_AWAY = (RedisError, OSError, TimeoutError, UnavailableError)


class LaneView(msgspec.Struct, frozen=True, kw_only=True):
    """The lane of one number.

    Attributes:
        instance: the number's name.
        paused: nothing leaves now; at the end of a rest one message goes first, as a probe.
        why: why it is paused.
        closed: priorities that a person stopped.
        per_minute: its rate, 0 = no limit.
        sent_24h: what it let out in 24 hours, where `cap_24h` counts them.
        cap_24h: what it may let out in 24 hours today; 0 = no limit.
    """

    instance: str
    waiting: int
    active: int
    delayed: int
    held: int
    paused: bool
    why: str | None
    closed: list[str]
    per_minute: float
    sent_24h: int | None
    cap_24h: int


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
    throughput_per_second: float
    source: str
    lanes: list[LaneView] | None = None


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """How far the lanes are. A rebuild is done when the epoch is higher than its answer said.

    Attributes:
        epoch: counts the rebuilds of this installation.
    """

    epoch: int


def queue_cache(deps: Deps) -> Cached[QueueMetrics]:
    """The counts, at most a second old."""
    return Cached(lambda: _count(deps), deps.clock, seconds=_SECONDS)


async def _count(deps: Deps) -> QueueMetrics:
    ledger = await queue_counts(deps.db, deps.clock.now())
    try:
        stats = await deps.queue.stats()
    except _LANES_AWAY as error:
        log.warning("lanes_unreachable", error=repr(error))
        stats = None
    lanes = None if stats is None else await _lanes(deps, stats, ledger.held_by_instance)
    only_delayed = {lane.instance for lane in lanes or () if lane.delayed and not lane.waiting}
    oldest = {name: seconds for name, seconds in ledger.oldest_by_instance.items() if name not in only_delayed}
    if lanes is None:
        waiting, active, delayed = max(0, ledger.queued - ledger.held), ledger.sending, 0
    else:
        waiting, active, delayed = (
            sum(lane.waiting for lane in lanes),
            sum(lane.active for lane in lanes),
            sum(lane.delayed for lane in lanes),
        )
    return QueueMetrics(
        waiting=waiting,
        active=active,
        delayed=delayed,
        held=ledger.held,
        scheduled=ledger.scheduled,
        completed=ledger.completed_24h,
        failed=ledger.failed_24h,
        dlq=ledger.dlq,
        unknown=ledger.unknown,
        oldest_waiting_seconds=round(max(oldest.values(), default=0.0), 3),
        throughput_per_second=ledger.throughput_per_second,
        source="ledger" if lanes is None else "lanes",
        lanes=lanes,
    )


async def _lanes(deps: Deps, stats: Stats, held: Mapping[str, int]) -> list[LaneView]:
    now = deps.clock.now()
    await deps.book.refresh()
    resting = {each.name: each.pause_reason for each in deps.book.all if each.paused_until and each.paused_until > now}
    today = business_date(now, deps.settings.timezone)
    pace = await read_pacing(deps.db, default=deps.settings.default_pacing, today=today)
    gates = await read_gates(deps.db)
    known = {name.removeprefix(LANE_PREFIX): its for name, its in stats.lanes.items() if name.startswith(LANE_PREFIX)}
    views: list[LaneView] = []
    for name in sorted({*known, *held}):
        its, view = known.get(name, _EMPTY), pace.get(name)
        stop = stop_of(gates, name)
        views.append(
            LaneView(
                instance=name,
                waiting=its.waiting,
                active=its.active,
                delayed=its.delayed,
                held=held.get(name, 0),
                paused=its.paused or stop is not None,
                why=(stop.why or "stopped by hand") if stop else resting.get(name),
                closed=[Priority(level).name.lower() for level in sorted(its.closed)],
                per_minute=view.limits.per_minute if view else 0.0,
                sent_24h=its.sent_24h,
                cap_24h=view.today if view else 0,
            )
        )
    return views


@router.get("/queue/metrics", summary="What waits, and why", responses=documented(QueueMetrics, 401, 503))
async def get_queue_metrics(request: Request, caller: Annotated[Caller | None, Depends(open_to_all)]) -> Response:
    """Counts, at most a second old; lane by lane for a key."""
    cache: Cached[QueueMetrics] = request.app.state.queue_metrics
    metrics = await cache.get()
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
