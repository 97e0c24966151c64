"""The pulse of a process: whether it gets to its work in time, and what it and its container use.

A loop that wants to run ten times a second notes how late it is; whatever keeps it from running (a long computation, a
call that blocks, a machine without CPU to give) keeps everything else in the process from running too.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anclora.health import metrics
from anclora.health.memory import MemoryWatch, tell
from anclora.health.model import Disk, Task
from anclora.health.task import read_disk, read_task, read_written
from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.settings import Settings
from anclora.storage.database import Database

_WINDOW_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 5.0


class Pulse(Loop):
    """Owns the figures of this process.

    Args:
        db: whose pools are looked at.
        settings: where files are written.
        clock: how far it is off the ledger's.
    """

    name = "pulse"
    every_seconds = 0.1

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock
        self._places: Mapping[str, Path] = {"data": settings.data_dir, "media": settings.media_folder}
        self._late: deque[tuple[float, float]] = deque()
        self._ended: float | None = None
        self._looked_at = float("-inf")
        self._cpu: tuple[float, float] | None = None
        self._moved = read_written()
        self._memory = MemoryWatch()
        self.task: Task = read_task()

    @property
    def lag_seconds(self) -> float:
        """How late this process was at most in the last ten seconds."""
        return max((late for _, late in self._late), default=0.0)

    @property
    def disks(self) -> dict[str, Disk]:
        """The room where files are written, now."""
        found = {name: read_disk(place) for name, place in self._places.items()}
        return {name: disk for name, disk in found.items() if disk is not None}

    async def run_once(self) -> bool:
        """Note how late we are; now and then look around."""
        now = asyncio.get_running_loop().time()
        if self._ended is not None:
            self._late.append((now, max(0.0, now - self._ended - self.every_seconds)))
        while self._late and self._late[0][0] < now - _WINDOW_SECONDS:
            self._late.popleft()
        if now - self._looked_at >= _LOOK_EVERY_SECONDS:
            self._looked_at = now
            self._look(now)
            if self._memory.due(self.task):
                await asyncio.to_thread(tell, self.task)
        metrics.LAG_SECONDS.set(self.lag_seconds)
        self._ended = asyncio.get_running_loop().time()
        return False

    def stop(self) -> None:
        """The last moment to see what is there."""
        if not self.stopping and self._memory.due_at_the_end(self.task):
            tell(self.task)
        super().stop()

    def _look(self, now: float) -> None:
        self.task = task = read_task()
        if self._cpu is not None:
            then, used = self._cpu
            metrics.CPU_RATIO.set(max(0.0, task.cpu_seconds - used) / ((now - then) * task.cpus))
        self._cpu = (now, task.cpu_seconds)
        metrics.MEMORY_BYTES.set(task.memory_bytes)
        metrics.MEMORY_LIMIT_BYTES.set(task.memory_limit_bytes)
        metrics.OOM_KILLS.show_one(task.oom_kills)
        metrics.SKEW_SECONDS.set(self._clock.off_seconds)
        for name, disk in self.disks.items():
            metrics.DISK_FREE_BYTES.labels(name).set(disk.free_bytes)
            metrics.DISK_SIZE_BYTES.labels(name).set(disk.size_bytes)
        moved = read_written()
        metrics.READ_BYTES.inc(max(0, moved[0] - self._moved[0]))
        metrics.WRITTEN_BYTES.inc(max(0, moved[1] - self._moved[1]))
        self._moved = moved
        for pool, its in self._db.pools.items():
            stats: Mapping[str, Any] = its.get_stats()
            size = stats.get("pool_size", 0)
            metrics.POOL_SIZE.labels(pool).set(its.max_size)
            metrics.POOL_IN_USE.labels(pool).set(size - stats.get("pool_available", 0))
            metrics.POOL_WAITING.labels(pool).set(stats.get("requests_waiting", 0))
