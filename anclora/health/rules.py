"""Decisions about health. Pure functions of values."""

from collections import Counter
from collections.abc import Mapping, Sequence

from anclora.health.model import EFFECTS, Checked, Disk, Effect, Finding, RedisView, Status, Task
from anclora.instances import Status as Word
from anclora.messages.queue_view import QueueView
from anclora.storage.timekeeper import MOST_OFF_SECONDS

SLOWEST_DRAIN_SECONDS = 900.0
_BACKLOG_SECONDS = 60.0  # what waits for less is no backlog, however slow the last minute was
MOST_LAG_SECONDS = 0.5
MOST_MEMORY_SHARE = 0.9
MOST_REDIS_SHARE = 0.85
LEAST_FREE_SHARE, LEAST_FREE_BYTES = 0.05, 1_000_000_000
_MEGABYTE = 1_000_000


def overall(checks: Checked) -> Status:
    """One word for all: unhealthy = messages cannot be accepted; degraded = accepted, and something needs a look."""
    broken = [name for name, check in checks.items() if check.status == "unhealthy"]
    if any(EFFECTS[name] is Effect.BREAKS for name in broken):
        return "unhealthy"
    return "healthy" if all(check.status == "healthy" for check in checks.values()) else "degraded"


def judge_clock(off_seconds: float) -> Finding:
    """Whether this machine's clock is the ledger's; positive = it is ahead."""
    if abs(off_seconds) > MOST_OFF_SECONDS:
        return "unhealthy", f"this machine's clock is {off_seconds:+.1f} s off the database's; mend it"
    return "healthy", f"{off_seconds:+.3f} s off the database's"


def judge_migrations(applied: str | None, known: Sequence[str]) -> Finding:
    """Whether the tables are those this program writes; `known` = its revisions, the newest last."""
    if applied == known[-1]:
        return "healthy", f"at {applied}"
    if applied in known or applied is None:
        old = applied or "no revision"
        return "unhealthy", f"the database is at {old}, this program needs {known[-1]}: anclora migrate"
    return "degraded", f"the database is at {applied}, which is newer than this program ({known[-1]}): update it too"


def judge_storage(redis: RedisView, *, must_keep: bool) -> Finding:
    """Whether the lanes would survive a full memory and a restart."""
    others = sorted(redis.policies - {"noeviction"})
    if others:
        return "unhealthy", f"maxmemory-policy is {others[0]}: lanes would be thrown away; set noeviction"
    if redis.failing:
        return "unhealthy", "Redis cannot write to its disk; look there, and at its log"
    if redis.fullest > MOST_REDIS_SHARE:
        return "degraded", f"Redis uses {redis.fullest:.0%} of its maxmemory"
    if redis.unsaved and must_keep:
        return (
            "degraded",
            "appendonly is off: after a restart the lanes are rebuilt from the ledger; set appendonly yes",
        )
    return "healthy", "noeviction, nothing is kept on purpose" if redis.unsaved else "noeviction, append-only"


def judge_queue(view: QueueView, *, limit_seconds: float) -> Finding:
    """Whether what waits for us leaves in time."""
    oldest, drain = view.oldest_waiting_seconds, view.drain_seconds
    if oldest > limit_seconds:
        return "degraded", f"the oldest message waits {oldest:.0f} s; {limit_seconds:.0f} s is the limit"
    if oldest > _BACKLOG_SECONDS and drain is None:
        return "degraded", f"{view.waiting} wait, the first for {oldest:.0f} s, and nothing went out in the last minute"
    if oldest > _BACKLOG_SECONDS and drain is not None and drain > SLOWEST_DRAIN_SECONDS:
        return "degraded", f"{view.waiting} wait, which takes {drain:.0f} s at the pace of the last minute"
    return "healthy", f"{view.waiting} wait, the first for {oldest:.0f} s"


def judge_instances(words: Mapping[str, Word]) -> Finding:
    """Whether messages flow through every number that is expected; those that are not are named."""
    if not words:
        return "degraded", "no instance is registered yet"
    counts = ", ".join(f"{count} {word}" for word, count in sorted(Counter(words.values()).items()))
    away = sorted(name for name, word in words.items() if word != "connected")
    if not away:
        return "healthy", counts
    named = ", ".join(away[:5]) + (f" and {len(away) - 5} more" if len(away) > 5 else "")
    return "degraded", f"{counts}: {named}"


def judge_lag(lag_seconds: float) -> Finding:
    """Whether this process gets to its work in time."""
    status: Status = "degraded" if lag_seconds > MOST_LAG_SECONDS else "healthy"
    return status, f"at most {lag_seconds * 1000:.0f} ms late in the last seconds"


def judge_memory(task: Task) -> Finding:
    """Whether the container, or the machine, has memory left."""
    share = task.memory_bytes / task.memory_limit_bytes if task.memory_limit_bytes else 0.0
    said = f"{share:.0%} of {task.memory_limit_bytes // _MEGABYTE} MB used"
    return ("degraded" if share > MOST_MEMORY_SHARE else "healthy"), said


def judge_disks(disks: Mapping[str, Disk]) -> Finding:
    """Whether there is room where files are written; the tightest place is told."""
    if not disks:
        return "healthy", "nothing is written here"
    name, disk = min(disks.items(), key=lambda pair: pair[1].free_bytes / max(1, pair[1].size_bytes))
    share = disk.free_bytes / max(1, disk.size_bytes)
    tight = share < LEAST_FREE_SHARE and disk.free_bytes < LEAST_FREE_BYTES
    return ("degraded" if tight else "healthy"), f"{disk.free_bytes // _MEGABYTE} MB ({share:.0%}) free for {name}"
