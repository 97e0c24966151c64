"""Every Redis key of the queue, built here and nowhere else (scripts add the same names to a shard's prefix).

All keys of a shard share its hash tag, so they live in one slot. What may stay when a shard is empty is `PERMANENT`,
what exists only as long as there are items (or a closed gate) is `BACKLOG`; the rest, which counts what a lane let out
in 24 hours (`pace:<lane>`, `seen:<lane>`), has a TTL of 25.
"""

import re
from zlib import crc32

from anclora.kit.errors import InvalidError

PROTOCOL = 3
"""Number of the data layout and of the scripts; a process that meets a higher one must stop claiming."""

PERMANENT = (
    re.compile(r"^[^{]+:\{s\d\d+\}:meta$"),  # one hash of four fields a shard
    re.compile(r"^[^{]+:\{s\d\d+\}:wake:[a-z]+$"),  # at most one token a shard and kind of lane
    re.compile(r"^[^{]+:\{s\d\d+\}:rules$"),  # one field a lane with limits
)
BACKLOG = (
    re.compile(r"^[^{]+:\{s\d\d+\}:(lanes|places|tails|timers|leases|gates)$"),
    re.compile(r"^[^{]+:\{s\d\d+\}:turns:[a-z]+$"),
    re.compile(r"^[^{]+:\{s\d\d+\}:(items|heads|ready|fresh|tail):[a-z]+:[^|\s]+$"),
    re.compile(r"^[^{]+:\{s\d\d+\}:park:[a-z]+:[^|\s]+\|.+$", re.DOTALL),
)

_LANE = re.compile(r"[a-z]{1,16}:[^|\s]{1,200}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def kind_of(lane: str) -> str:
    """The kind of a lane, which is also the prefix consumers ask for, without its colon: `send:madrid` -> `send`.

    Raises:
        InvalidError: the name is not `<kind>:<name>`.
    """
    if not _LANE.fullmatch(lane):
        raise InvalidError(f"A lane is named <kind>:<name> without spaces and bars, not {lane!r}.")
    return lane.partition(":")[0]


def shard_of(lane: str, shards: int) -> int:
    """The shard of a lane: the same in every process and for ever, as long as the number of shards is."""
    return crc32(lane.encode()) % shards


def check_namespace(namespace: str) -> str:
    """The namespace itself.

    Raises:
        InvalidError: it holds characters that would move the hash tag or confuse a pattern.
    """
    if not _NAMESPACE.fullmatch(namespace):
        raise InvalidError(f"A namespace is made of letters, digits, dots, dashes and underscores, not {namespace!r}.")
    return namespace


def prefix(namespace: str, shard: int) -> str:
    """What every key of a shard begins with, its hash tag included."""
    return f"{namespace}:{{s{shard:02d}}}:"


def meta(namespace: str, shard: int) -> str:
    """The hash of a shard's epoch, protocol, last sequence number and last token; the `KEYS[1]` of every script."""
    return f"{prefix(namespace, shard)}meta"


def wake(namespace: str, shard: int, kind: str) -> str:
    """The list that holds a token when lanes of this kind have something in this shard."""
    return f"{prefix(namespace, shard)}wake:{kind}"


def items(namespace: str, shard: int, lane: str) -> str:
    """The hash of a lane's items, id -> record."""
    return f"{prefix(namespace, shard)}items:{lane}"


def pace(namespace: str, shard: int, lane: str) -> str:
    """The hash of what a lane with limits let out in the last day, and when its next slot is."""
    return f"{prefix(namespace, shard)}pace:{lane}"


def clock_offset(namespace: str, shard: int) -> str:
    """Milliseconds added to the server's clock by scripts loaded for tests; no other script reads it."""
    return f"{prefix(namespace, shard)}test_clock_offset_ms"
