"""What the Redis of the lanes says of itself: memory, disk, clients, slow commands. No command's arguments are read."""

from collections.abc import Mapping, Sequence
from typing import Any

from anclora.health.model import RedisView


def redis_view(answers: Sequence[Mapping[str, Any]], slow_entries: int | None) -> RedisView:
    """The servers together.

    Args:
        answers: `INFO` of each, as redis-py reads it.
        slow_entries: the sum of their counts, None = not told.
    """
    used, limits = _numbers(answers, "used_memory"), _numbers(answers, "maxmemory")
    unsaved = sum(not _number(one, "aof_enabled") for one in answers)
    failing = sum(
        _word(one, "rdb_last_bgsave_status") == "err" or _word(one, "aof_last_write_status") == "err" for one in answers
    )
    return RedisView(
        policies=frozenset(_word(one, "maxmemory_policy") for one in answers),
        unsaved=unsaved,
        failing=failing,
        memory_bytes=sum(used),
        limit_bytes=sum(limits),
        fullest=max((part / whole for part, whole in zip(used, limits, strict=True) if whole), default=0.0),
        connections=sum(_numbers(answers, "connected_clients")),
        evicted=sum(_numbers(answers, "evicted_keys")),
        slow_entries=slow_entries,
    )


def _number(answer: Mapping[str, Any], name: str) -> int:
    return int(answer.get(name, 0) or 0)


def _word(answer: Mapping[str, Any], name: str) -> str:
    return str(answer.get(name, ""))


def _numbers(answers: Sequence[Mapping[str, Any]], name: str) -> list[int]:
    return [_number(answer, name) for answer in answers]
