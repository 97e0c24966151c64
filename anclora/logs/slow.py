"""Slow queries of Redis and Postgres: the kind of command or statement, how often, how slow, and a sentence of advice.

Arguments are never read: of a Redis command only its name is kept (of our own scripts their verb), of a statement its
text without literals. So no phone number and nobody's words can be in what is shown.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

import msgspec
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from anclora.kit.errors import UnavailableError
from anclora.queue.scripts import VERBS, text_of
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_FULLY = 100  # the engine's own default: it is a number in the script's text, and so in its digest
_MOST_CHARS = 300
_CONTAINERS = frozenset(
    {"CLIENT", "CLUSTER", "CONFIG", "DEBUG", "LATENCY", "MEMORY", "OBJECT", "SCRIPT", "SLOWLOG", "XINFO"}
)
_NAME = re.compile(r"[A-Z][A-Z._]{1,23}")
_COMMENTS = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_LITERALS = re.compile(r"\$(\w*)\$.*?\$\1\$|[eE]?'(?:[^']|'')*(?:'|\Z)|(?<![\w$.])\d+(?:\.\d+)?", re.DOTALL)
_TENDS = re.compile(r"\s*(alter|analyze|cluster|create|drop|grant|reindex|truncate|vacuum)\b", re.IGNORECASE)
_REDIS_ADVICE: Mapping[str, str] = {
    "KEYS": "It stops the whole server while it reads every key: use SCAN.",
    "SCRIPT LOAD": "Once after a restart; more often means that scripts are thrown away (SCRIPT FLUSH, memory).",
    "BGSAVE": "The fork of a big server takes time: look at latest_fork_usec and transparent huge pages.",
    "BGREWRITEAOF": "The fork of a big server takes time: look at latest_fork_usec and transparent huge pages.",
    "SAVE": "It stops the server: use BGSAVE.",
    "FLUSHALL": "Somebody emptied the server: the lanes are rebuilt from the ledger, but ask who.",
    "FLUSHDB": "Somebody emptied the server: the lanes are rebuilt from the ledger, but ask who.",
    "SCRIPT claim": "A claim over many lanes at once: look for one shard with far more lanes than the others.",
    "SCRIPT sweep": "It mends what crashed workers left: look for workers that die.",
    "SCRIPT enqueue": "Many items in one call: a bulk or a rebuild; fine when rare.",
}
_BIG = frozenset({"HGETALL", "SMEMBERS", "LRANGE", "ZRANGE", "SORT", "SUNION", "SINTER", "DEL", "HVALS", "HKEYS"})


class SlowQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of command or statement. Times in milliseconds; `last_at` only of Redis."""

    source: str
    what: str
    calls: int
    total_ms: float
    mean_ms: float
    worst_ms: float
    advice: str
    last_at: datetime | None = None


async def slow_of_redis(redis: Redis | RedisCluster, *, most: int) -> list[SlowQuery]:
    """The slow log of Redis, of each primary of a cluster; the worst first.

    Raises:
        UnavailableError: Redis does not answer, or refuses SLOWLOG.
    """
    client: Any = redis
    try:
        if isinstance(redis, RedisCluster):
            answers = await client.slowlog_get(1_000, target_nodes=RedisCluster.PRIMARIES)
            entries = [entry for each in answers.values() for entry in each]
        else:
            entries = await client.slowlog_get(1_000)
    except (RedisError, OSError) as error:
        raise UnavailableError(f"The slow log of Redis cannot be read: {error}.", code="redis_slowlog") from error
    return grouped(entries)[:most]


def grouped(entries: Iterable[Mapping[str, Any]]) -> list[SlowQuery]:
    """Entries of SLOWLOG GET by kind, the one that took longest in all first."""
    verbs = {
        sha1(text_of(v, test_offset=False, fully=_FULLY).encode(), usedforsecurity=False).hexdigest(): v for v in VERBS
    }
    kinds: dict[str, list[tuple[float, datetime]]] = defaultdict(list)
    for entry in entries:
        at = datetime.fromtimestamp(entry["start_time"], UTC)
        kinds[command_name(entry["command"], verbs)].append((entry["duration"] / 1_000, at))
    found = [
        SlowQuery(
            source="redis",
            what=name,
            calls=len(seen),
            total_ms=sum(ms for ms, _ in seen),
            mean_ms=sum(ms for ms, _ in seen) / len(seen),
            worst_ms=max(ms for ms, _ in seen),
            last_at=max(at for _, at in seen),
            advice=_redis_advice(name),
        )
        for name, seen in kinds.items()
    ]
    return sorted(found, key=lambda each: -each.total_ms)


def command_name(command: bytes | str, verbs: Mapping[str, str]) -> str:
    """The name of a command and nothing it was given: EVALSHA by the verb of our script."""
    text = command.decode("utf-8", "replace") if isinstance(command, bytes) else command
    words = text.split(maxsplit=2)
    name = words[0].upper() if words else ""
    if name == "EVALSHA":
        verb = verbs.get(words[1].lower()) if len(words) > 1 else None
        return f"SCRIPT {verb}" if verb else "EVALSHA (a script not of ours)"
    if name in _CONTAINERS and len(words) > 1 and _NAME.fullmatch(words[1].upper()):
        return f"{name} {words[1].upper()}"
    return name if _NAME.fullmatch(name) else "(unknown)"


def _redis_advice(name: str) -> str:
    if name in _BIG:
        return "It goes through a whole collection: find the big key (redis-cli --bigkeys) and read it in parts (SCAN)."
    return _REDIS_ADVICE.get(name, "Is the machine short of CPU, or swapping? Ask LATENCY DOCTOR.")


async def slow_of_postgres(db: Database, *, most: int) -> list[SlowQuery] | None:
    """The statements that took most time, or None where the server does not count them. Raises `UnavailableError`."""
    row = await db.fetch_one(QUERIES["counts_statements"])
    if not (row and row["counted"]):
        return None
    return [
        SlowQuery(
            source="postgres",
            what=statement_shape(each["query"]),
            calls=each["calls"],
            total_ms=each["total_ms"],
            mean_ms=each["mean_ms"],
            worst_ms=each["worst_ms"],
            advice=postgres_advice(each),
        )
        for each in await db.fetch_all(QUERIES["slow_statements"], most=most)
    ]


def statement_shape(query: str) -> str:
    """A statement without comments and literals, in one line: utility statements keep theirs in pg_stat_statements."""
    plain = " ".join(_LITERALS.sub("?", _COMMENTS.sub(" ", query)).split())
    return plain if len(plain) <= _MOST_CHARS else f"{plain[: _MOST_CHARS - 1]}…"


def postgres_advice(row: Mapping[str, Any]) -> str:  # noqa: PLR0911 - a table with a sentence a row
    """What to try first, by what the server counted."""
    if _TENDS.match(str(row.get("query", ""))):
        return "It changes or tends the schema: no message waits for it."
    calls, blocks = max(row["calls"], 1), row["read_blocks"] + row["hit_blocks"]
    if row["spilled_blocks"]:
        return "It sorts or joins on disk: raise work_mem, or let an index give the order."
    if row["returned"] / calls > 10_000:
        return "It returns very many rows a call: ask for a page of them."
    if blocks and row["read_blocks"] / blocks > 0.1:
        return "Much of it comes from the disk: an index would read less, more shared_buffers would keep it."
    if row["worst_ms"] > 20 * max(row["mean_ms"], 1.0):
        return "Mostly fast and at times slow: look for locks (wait_event in pg_stat_activity) at that hour."
    if row["mean_ms"] < 1.0:
        return "Fast, and asked very often: ask for several at once."
    return "EXPLAIN (ANALYZE, BUFFERS) it, and look for a sequential scan."
