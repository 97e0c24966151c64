"""The slow log of Redis: commands by name and kind of key. Arguments may be anybody's data and are never kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from redis.asyncio import RedisCluster
from redis.exceptions import RedisError

from anclora.kit.errors import UnavailableError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading

_ENTRIES = 512
_WEEK = timedelta(days=7)
_SCRIPTS = {"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"}
# Commands whose second word is part of their name.
_PAIRS = {"CLIENT", "CLUSTER", "CONFIG", "LATENCY", "MEMORY", "OBJECT", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO"}


async def slow_commands(parts: Parts) -> Reading:
    """Commands of the last seven days that were slow; each server's log is bounded and may hold fewer days."""
    since = (parts.now - _WEEK).timestamp()
    entries = [entry for entry in await _entries(parts) if int(entry["start_time"]) >= since]
    counts: Counter[str] = Counter()
    longest: dict[str, int] = {}
    for entry in entries:
        name = normalised(entry["command"])
        counts[name] += 1
        longest[name] = max(longest.get(name, 0), int(entry["duration"]))
    facts = [f"{name}: {count} x, {longest[name] / 1000:.1f} ms" for name, count in counts.most_common(MOST_FACTS)]
    return Reading(value=float(len(entries)), facts=facts)


def normalised(command: bytes | str) -> str:
    """The name of a command and nothing that was given to it. Pure."""
    text = command.decode("utf-8", "replace") if isinstance(command, bytes) else command
    words = text.split(maxsplit=2)
    name = words[0].upper() if words else "?"
    if not name.replace("_", "").isalpha() or len(name) > 30:
        return "?"
    if name in _PAIRS and len(words) > 1 and words[1].replace("-", "").isalpha():
        return f"{name} {words[1].upper()}"
    return f"{name} (script)" if name in _SCRIPTS else name


async def _entries(parts: Parts) -> Sequence[Mapping[str, Any]]:
    try:
        if not isinstance(parts.redis, RedisCluster):
            return list(await parts.redis.execute_command("SLOWLOG GET", _ENTRIES) or ())
        logs = await parts.redis.execute_command("SLOWLOG GET", _ENTRIES, target_nodes=RedisCluster.PRIMARIES)
        return [entry for log in logs.values() for entry in log]
    except (RedisError, OSError) as error:
        raise UnavailableError(f"Redis does not answer: {type(error).__name__}.") from error


QUERIES: Mapping[str, Query] = {"redis.slow_commands": slow_commands}
