"""The figures of the whole installation as metrics: gathered when somebody asks for them, a second old at most."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from anclora.health import metrics
from anclora.health.checks import EXPECTED, QUERIES, Checks, Parts
from anclora.health.model import Checked, RedisView, Status
from anclora.health.rules import overall
from anclora.instances import Instance
from anclora.kit.logging import get_logger
from anclora.kit.metrics import OTHER, bounded
from anclora.kit.patience import Patience
from anclora.messages.queue_view import QueueView

log = get_logger(__name__)
MOST_LANES = 50
_ALL = "all"
_OF_THE_QUEUE = (
    metrics.DEPTH,
    metrics.OLDEST_SECONDS,
    metrics.RATE_LIMIT,
    metrics.PAUSED,
    metrics.DRAIN_SECONDS,
)
_NUMBERS: Mapping[Status, int] = {"healthy": 0, "degraded": 1, "unhealthy": 2}
_SECONDS = 2.0  # with the checks before it far below the ten seconds Prometheus waits for a scrape


class Figures:
    """Shows what the checks and the ledger say.

    Args:
        parts: what is looked at.
        checks: asked along with it.
    """

    def __init__(self, parts: Parts, checks: Checks) -> None:
        self._parts = parts
        self._checks = checks
        self._patience = Patience(_SECONDS)

    async def show(self, checked: Checked) -> None:
        """Look at everything and show it; what does not answer has no series, which is not zero."""
        metrics.CHECK_STATUS.show({(name,): _NUMBERS[check.status] for name, check in checked.items()})
        metrics.STATUS.show_one(_NUMBERS[overall(checked)])
        show_redis(self._checks.redis)
        up = {"postgres": checked["database"].status, "redis": checked["redis"].status}
        circuits = circuits_of(self._parts.book.all, self._parts.clock.now())
        metrics.CIRCUIT.show({(target,): state for target, state in circuits.items()})
        metrics.DEPENDENCY_UP.show(
            {(name,): float(status != "unhealthy") for name, status in up.items()}
            | {(target,): float(state < 2) for target, state in circuits.items()}
        )
        await asyncio.gather(self._queue(), self._workers())

    async def _queue(self) -> None:
        try:
            view = await self._patience.wait(self._parts.queue())
        except EXPECTED as error:
            log.warning("queue_unknown", error=repr(error))
            for figure in _OF_THE_QUEUE:
                figure.show({})
            metrics.THROUGHPUT.show_one(None)
            return
        names = self._parts.book.names
        metrics.DEPTH.show(depths(view, names))
        metrics.OLDEST_SECONDS.show(oldest(view, names))
        lanes = (view.lanes or [])[:MOST_LANES]
        metrics.RATE_LIMIT.show({(lane.instance,): lane.per_minute / 60 for lane in lanes if lane.per_minute})
        metrics.PAUSED.show({(lane.instance,): float(lane.paused) for lane in lanes})
        metrics.DRAIN_SECONDS.show(drains(view, names))
        metrics.THROUGHPUT.show_one(view.counts.throughput_per_second)

    async def _workers(self) -> None:
        settings = self._parts.settings
        longest = settings.send_timeout_seconds + settings.connect_timeout_seconds + settings.lease_seconds
        try:
            rows, lost = await self._patience.wait(self._look_at_workers(longest_seconds=longest))
        except EXPECTED as error:
            log.warning("workers_unknown", error=repr(error))
            rows, lost = [], None
        names = {(f"{row['host']}-{row['pid']}", row["role"]): row for row in reversed(rows)}
        metrics.WORKER_UP.show({name: float(row["up"]) for name, row in names.items()})
        metrics.HEARTBEAT.show({name: row["heard_at"] for name, row in names.items()})
        metrics.EXPIRED.show_one(None if lost is None else float(lost["n"]))

    async def _look_at_workers(self, *, longest_seconds: float) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        db, lease_seconds = self._parts.db, self._parts.settings.lease_seconds
        rows = await db.fetch_all(QUERIES["workers"], lease_seconds=lease_seconds)
        return rows, await db.fetch_one(
            QUERIES["lost_in_flight"], lease_seconds=lease_seconds, longest_seconds=longest_seconds
        )


def show_redis(view: RedisView | None) -> None:
    """Show what Redis says of itself."""
    metrics.REDIS_CONNECTIONS.show_one(view and view.connections)
    metrics.REDIS_BYTES.show_one(view and view.memory_bytes)
    metrics.REDIS_LIMIT_BYTES.show_one(view and view.limit_bytes)
    if view is None or view.slow_entries is not None:
        metrics.SLOWLOG.show_one(view and view.slow_entries)


def depths(view: QueueView, names: Sequence[str]) -> dict[tuple[str, ...], float]:
    """Messages by lane and state; every lane has its zeros, and beyond the largest fifty they are summed. Pure."""
    counts = view.counts
    found: dict[tuple[str, ...], float] = {
        (_ALL, "scheduled"): counts.scheduled,
        (_ALL, "unknown"): counts.unknown,
        (_ALL, "dlq"): counts.dlq,
    }
    if view.lanes is None:
        whole = {"waiting": view.waiting, "active": view.active, "delayed": view.delayed, "held": counts.held}
        return found | {(_ALL, state): count for state, count in whole.items()}
    lanes = {lane.instance: lane for lane in view.lanes}
    for state in ("waiting", "active", "delayed", "held"):
        by_lane = dict.fromkeys(names, 0.0) | {name: float(getattr(lane, state)) for name, lane in lanes.items()}
        found[_ALL, state] = 0.0  # so that there is a series before there is a number
        found |= {(name, state): count for (name,), count in bounded(by_lane, MOST_LANES).items()}
    return found


def oldest(view: QueueView, names: Sequence[str]) -> dict[tuple[str, ...], float]:
    """The longest wait of each lane; beyond fifty the longest of the rest. Pure."""
    if view.lanes is None:
        return {(_ALL,): view.oldest_waiting_seconds}
    ages = dict.fromkeys(names, 0.0) | {lane.instance: lane.oldest_waiting_seconds for lane in view.lanes}
    return longest(ages) or {(_ALL,): 0.0}


def drains(view: QueueView, names: Sequence[str]) -> dict[tuple[str, ...], float]:
    """How long each lane takes, and all of them; beyond fifty the longest of the rest.

    What waits in a lane that sent nothing has no end, and so no series. Pure.
    """
    whole: dict[tuple[str, ...], float] = {} if view.drain_seconds is None else {(_ALL,): view.drain_seconds}
    if view.lanes is None:
        return whole
    paces, waiting = view.counts.throughput_by_instance, dict.fromkeys(names, 0)
    waiting |= {lane.instance: lane.waiting for lane in view.lanes}
    ends = {name: round(n / paces[name], 1) if n else 0.0 for name, n in waiting.items() if not n or paces.get(name)}
    return whole | longest(ends)


def longest(times: Mapping[str, float]) -> dict[tuple[str, ...], float]:
    """The fifty longest under their own names, and the longest of the rest as `other`. Pure."""
    ranked = sorted(times.items(), key=lambda pair: (-pair[1], pair[0]))
    found: dict[tuple[str, ...], float] = {(name,): each for name, each in ranked[:MOST_LANES]}
    return found | ({(OTHER,): ranked[MOST_LANES][1]} if ranked[MOST_LANES:] else {})


def circuits_of(instances: Sequence[Instance], now: datetime) -> dict[str, int]:
    """0 = every number of a provider may send, 1 = some rest because they were refused, 2 = all do. Pure."""
    numbers: Counter[str] = Counter()
    resting: defaultdict[str, int] = defaultdict(int)
    for instance in instances:
        numbers[instance.provider] += 1
        resting[instance.provider] += instance.paused_until is not None and instance.paused_until > now
    return {name: 2 * (resting[name] == count) or int(resting[name] > 0) for name, count in numbers.items()}
