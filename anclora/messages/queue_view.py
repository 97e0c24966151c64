"""The queue as people look at it: what waits, lane by lane, for how long, and how fast it goes.

The ledger counts, the lanes tell why. What a lane holds back by its pace, by order or by a pause does not wait for us,
so it is no backlog, however old it is.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import msgspec
from redis.exceptions import RedisError

from anclora.instances.book import InstanceBook
from anclora.instances.pacing import read_pacing
from anclora.kit.clock import Clock, business_date
from anclora.kit.errors import UnavailableError
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.messages.feed import LANE_PREFIX
from anclora.messages.gates import read_gates, stop_of
from anclora.messages.overview import QueueCounts, queue_counts
from anclora.queue import LaneStats, Priority, Stats
from anclora.storage.database import Database

log = get_logger(__name__)
_LANES_SECONDS = 1.0  # what the ledger knows must not come too late because of them
_EMPTY = LaneStats(waiting=0, active=0, delayed=0, paused=False)
_LANES_AWAY = (RedisError, OSError, TimeoutError, UnavailableError)


class TellsStats(Protocol):
    """What is asked of the lanes: `anclora.queue.Queue`."""

    async def stats(self) -> Stats:
        """The counts of all lanes."""
        ...


class LaneView(msgspec.Struct, frozen=True, kw_only=True):
    """The lane of one number.

    Attributes:
        instance: the number's name.
        oldest_waiting_seconds: for how long the first of those that wait has done so.
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
    oldest_waiting_seconds: float
    paused: bool
    why: str | None
    closed: list[str]
    per_minute: float
    sent_24h: int | None
    cap_24h: int


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """The queue at a glance; what its parts mean, the API's `QueueMetrics` tells.

    Attributes:
        lanes: each that has messages or is stopped; None = Redis is away.
        drain_seconds: how long what waits takes at the pace of the last minute; None = nothing went out in it.
    """

    counts: QueueCounts
    waiting: int
    active: int
    delayed: int
    oldest_waiting_seconds: float
    drain_seconds: float | None
    lanes: list[LaneView] | None


class QueueWatch:
    """Looks at the queue, and remembers when in each lane nobody was seen to wait: who waits now came later.

    Args:
        db: the ledger.
        lanes: the queue.
        book: our numbers.
        settings: presets and zone.
        clock: the ledger's.
    """

    def __init__(self, db: Database, lanes: TellsStats, book: InstanceBook, settings: Settings, clock: Clock) -> None:
        self._db = db
        self._lanes = lanes
        self._book = book
        self._settings = settings
        self._clock = clock
        self._clear_at: dict[str, float] = {}

    async def look(self) -> QueueView:
        """The queue now.

        Raises:
            UnavailableError: the ledger is away.
        """
        counts = await queue_counts(self._db, self._clock.now())
        try:
            async with asyncio.timeout(_LANES_SECONDS):
                stats = await self._lanes.stats()
        except _LANES_AWAY as error:
            log.warning("lanes_unreachable", error=repr(error))
            waiting = max(0, counts.queued - counts.held)
            return view_of(counts, waiting, counts.sending, 0, max(counts.oldest_by_instance.values(), default=0.0))
        lanes = await self._views(counts, stats)
        views = {lane.instance: lane for lane in lanes}
        ages = {name: seconds for name, seconds in counts.oldest_by_instance.items() if name not in views}
        ages |= {lane.instance: lane.oldest_waiting_seconds for lane in lanes}
        return view_of(
            counts,
            sum(lane.waiting for lane in lanes),
            sum(lane.active for lane in lanes),
            sum(lane.delayed for lane in lanes),
            max(ages.values(), default=0.0),
            lanes,
        )

    async def _views(self, counts: QueueCounts, stats: Stats) -> list[LaneView]:
        now, seconds = self._clock.now(), self._clock.boot_seconds()
        await self._book.refresh()
        resting = {one.name: one.pause_reason for one in self._book.all if one.paused_until and one.paused_until > now}
        today = business_date(now, self._settings.timezone)
        pace = await read_pacing(self._db, default=self._settings.default_pacing, today=today)
        gates = await read_gates(self._db)
        known = lanes_of(stats)
        for name in {*known, *self._book.names}:
            its = known.get(name, _EMPTY)
            if not its.waiting or (its.delayed and name not in self._clear_at):
                self._clear_at[name] = seconds
        views: list[LaneView] = []
        for name in sorted({*known, *counts.held_by_instance}):
            its, view = known.get(name, _EMPTY), pace.get(name)
            stop = stop_of(gates, name)
            oldest = counts.oldest_by_instance.get(name, 0.0)
            clear_seconds = seconds - self._clear_at.get(name, float("-inf"))
            views.append(
                LaneView(
                    instance=name,
                    waiting=its.waiting,
                    active=its.active,
                    delayed=its.delayed,
                    held=counts.held_by_instance.get(name, 0),
                    oldest_waiting_seconds=waits_seconds(its, oldest, clear_seconds),
                    paused=its.paused or stop is not None,
                    why=(stop.why or "stopped by hand") if stop else resting.get(name),
                    closed=[Priority(level).name.lower() for level in sorted(its.closed)],
                    per_minute=view.limits.per_minute if view else 0.0,
                    sent_24h=its.sent_24h,
                    cap_24h=view.today if view else 0,
                )
            )
        return views


def lanes_of(stats: Stats) -> Mapping[str, LaneStats]:
    """The lanes of numbers, by the numbers' names."""
    return {name.removeprefix(LANE_PREFIX): its for name, its in stats.lanes.items() if name.startswith(LANE_PREFIX)}


def waits_seconds(lane: LaneStats, oldest_seconds: float, clear_seconds: float) -> float:
    """For how long the first of a lane has waited for us. Pure.

    Args:
        lane: its counts.
        oldest_seconds: age of its oldest due message by the ledger, which knows nothing of pace and order.
        clear_seconds: how long ago nobody was seen to wait there, infinite = never.
    """
    if not lane.waiting:
        return 0.0 if lane.delayed else round(oldest_seconds, 3)
    return round(min(oldest_seconds, clear_seconds), 3)


def view_of(
    counts: QueueCounts,
    waiting: int,
    active: int,
    delayed: int,
    oldest_seconds: float,
    lanes: list[LaneView] | None = None,
) -> QueueView:
    """The whole of these parts. Pure."""
    pace = counts.throughput_per_second
    return QueueView(
        counts=counts,
        waiting=waiting,
        active=active,
        delayed=delayed,
        oldest_waiting_seconds=round(oldest_seconds, 3),
        drain_seconds=round(waiting / pace, 1) if pace else (None if waiting else 0.0),
        lanes=lanes,
    )
