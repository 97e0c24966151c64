"""The nouns of health. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

Status = Literal["healthy", "degraded", "unhealthy"]


class Effect(StrEnum):
    """What a check that fails means for the whole."""

    BREAKS = "breaks"  # messages cannot be accepted here: 503, and no work should come to this process
    DEGRADES = "degrades"  # they are accepted, and something needs a look: 200


# The one table of it. A check that is not unhealthy but degraded only ever degrades.
EFFECTS: Mapping[str, Effect] = {
    "startup": Effect.BREAKS,  # not started yet, or stopping; part of `ready` only
    "database": Effect.BREAKS,  # accepted means stored
    "migrations": Effect.BREAKS,  # this program would write what its tables cannot hold
    "clock": Effect.BREAKS,  # ids carry the time of the machine that makes them
    "redis": Effect.DEGRADES,  # accepted messages wait in the ledger until it is back
    "redis_storage": Effect.DEGRADES,  # what it would lose is in the ledger too; to rebuild it takes a while
    "queue": Effect.DEGRADES,
    "instances": Effect.DEGRADES,
    "event_loop": Effect.DEGRADES,
    "memory": Effect.DEGRADES,
    "disk": Effect.DEGRADES,
}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One part looked at."""

    status: Status
    message: str
    duration_ms: float


Checked = Mapping[str, Check]
Finding = tuple[Status, str]


class RedisView(msgspec.Struct, frozen=True, kw_only=True):
    """What the servers of the lanes say of themselves, all of them together.

    Attributes:
        policies: what they do when their memory is full.
        unsaved: how many keep nothing on disk by an append-only file.
        failing: how many could not write to disk when they last tried.
        memory_bytes: used; `limit_bytes` = allowed, 0 = no limit.
        fullest: the share of its limit the fullest one uses, 0 = none has a limit.
        connections: clients connected.
        slow_entries: commands that were ever slow, by the ids of their log.
    """

    policies: frozenset[str]
    unsaved: int
    failing: int
    memory_bytes: int
    limit_bytes: int
    fullest: float
    connections: int
    evicted: int
    slow_entries: int | None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What this container may use and uses, or the machine where there is none.

    Attributes:
        memory_bytes: used, without what the kernel would give back at once.
        cpu_seconds: used since it began.
        cpus: how many it may use.
        oom_kills: processes the kernel killed in it for want of memory.
    """

    memory_bytes: int
    memory_limit_bytes: int
    cpu_seconds: float
    cpus: float
    oom_kills: int


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """Room where files are written."""

    free_bytes: int
    size_bytes: int
