"""What fills the memory of a process, by type: logged before the kernel ends it, and when it is told to go.

A fresh process shows nothing of a leak, and one that was killed nothing at all. Types and lines of the program only:
nothing of a message, a person or a setting.
"""

import gc
import sys
import tracemalloc
from collections import Counter
from collections.abc import Sequence

import msgspec

from anclora.health.model import Task
from anclora.kit.logging import get_logger

log = get_logger(__name__)
_TELL_AT, _TELL_AGAIN_BELOW, _TELL_AT_THE_END = 0.8, 0.7, 0.7  # shares of what the container may use
_SHOWN = 15
_KILOBYTE = 1024


class Kind(msgspec.Struct, frozen=True):
    """The objects of one type, without what they refer to; of those the collector knows."""

    type: str
    count: int
    kilobytes: int


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a process has in its memory.

    Attributes:
        kinds: the types that take most.
        lines: where most was asked for and is still held, `file:line kilobytes`; only with `PYTHONTRACEMALLOC=1`.
    """

    objects: int
    kinds: Sequence[Kind]
    lines: Sequence[str]


def snapshot() -> Snapshot:
    """Look at every object: a tenth of a second for some hundred thousand."""
    counts, sizes = Counter[type](), Counter[type]()
    for found in gc.get_objects():
        counts[type(found)] += 1
        sizes[type(found)] += sys.getsizeof(found)
    kinds = [
        Kind(f"{each.__module__}.{each.__qualname__}", counts[each], size // _KILOBYTE)
        for each, size in sizes.most_common(_SHOWN)
    ]
    return Snapshot(objects=counts.total(), kinds=kinds, lines=_lines())


def _lines() -> list[str]:
    if not tracemalloc.is_tracing():
        return []
    found = tracemalloc.take_snapshot().statistics("lineno")[:_SHOWN]
    return [f"{each.traceback[0].filename}:{each.traceback[0].lineno} {each.size // _KILOBYTE}" for each in found]


class MemoryWatch:
    """Decides when a snapshot is due: once a climb, and at the end of a process whose memory is rather full."""

    def __init__(self) -> None:
        self._told = False

    def due(self, task: Task) -> bool:
        """Whether the container has just become full."""
        share = _share(task)
        if self._told:
            self._told = share >= _TELL_AGAIN_BELOW
            return False
        self._told = share >= _TELL_AT
        return self._told

    def due_at_the_end(self, task: Task) -> bool:
        """Whether what is told to go might be going for its memory."""
        return _share(task) >= _TELL_AT_THE_END


def tell(task: Task) -> None:
    """Log a snapshot; what it says is all that is left of the process afterwards."""
    found = msgspec.to_builtins(snapshot())
    log.warning("memory_filled", share=round(_share(task), 2), megabytes=task.memory_bytes // 1_000_000, **found)


def _share(task: Task) -> float:
    return task.memory_bytes / task.memory_limit_bytes if task.memory_limit_bytes else 0.0
