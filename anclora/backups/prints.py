"""Fingerprints: what must be the same in what was backed up and in what came back, whatever the order of rows and keys.

Of a table the number of rows and the sum of a hash of each row as text; of Redis the number of keys without an expiry
and the sum of a hash of what each holds. A dump of a key's bytes would differ after a restore although the data are the
same, and keys with an expiry may be gone by then.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row
from redis import Redis

from anclora.backups.model import Print
from anclora.storage.database import Connection
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
PLAIN = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""Settings under which the same rows are the same text on every server."""
_PRINT = (
    "select count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(anclora_row::text, 'UTF8')), 'hex'), 15))"
    "::bit(60)::bigint), 0)::text from {} as anclora_row"
)
_PAGE = 500
_READS: dict[bytes, Sequence[object]] = {
    b"string": ("GET",),
    b"hash": ("HGETALL",),
    b"list": ("LRANGE", 0, -1),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    b"stream": ("XRANGE", "-", "+"),
}


async def postgres_prints(connection: Connection) -> dict[str, Print]:
    """Of every table; `connection` runs with `PLAIN`, in a transaction that sees one moment."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES["tables"])
        tables = [(str(row["schema"]), str(row["name"])) for row in await cursor.fetchall()]
    prints: dict[str, Print] = {}
    for schema, name in tables:
        row = await (await connection.execute(sql.SQL(_PRINT).format(sql.Identifier(schema, name)))).fetchone()
        if row is not None:
            prints[name if schema == "public" else f"{schema}.{name}"] = Print(rows=int(row[0]), hash=str(row[1]))
    return prints


def redis_prints(client: Redis) -> dict[str, Print]:
    """Of the keys without an expiry of one database. Blocks; `client` gives bytes."""
    keys = sorted(set(client.scan_iter(count=_PAGE)))
    rows = total = 0
    for start in range(0, len(keys), _PAGE):
        page = keys[start : start + _PAGE]
        with client.pipeline(transaction=False) as pipe:
            for key in page:
                pipe.pttl(key)
                pipe.type(key)
            answers: list[Any] = pipe.execute()
        lasting = [(key, kind) for key, ttl, kind in zip(page, answers[::2], answers[1::2], strict=True) if ttl == -1]
        with client.pipeline(transaction=False) as pipe:
            for key, kind in lasting:
                verb, *rest = _READS.get(kind, ("TYPE",))
                pipe.execute_command(str(verb), key, *rest)
            values: list[Any] = pipe.execute()
        for (key, kind), value in zip(lasting, values, strict=True):
            rows += 1
            total += _number(_packed([key, kind, *_parts(kind, value)]))
    return {"keys": Print(rows=rows, hash=f"{total % (1 << 256):064x}")}


def _parts(kind: bytes, value: Any) -> Iterable[bytes]:
    """What a key holds, as bytes in an order of their own."""
    if kind == b"hash":
        return (part for field in sorted(value) for part in (field, value[field]))
    if kind == b"set":
        return sorted(value)
    if kind == b"stream":
        return (repr(entry).encode() for entry in value)
    if kind in (b"list", b"zset"):
        return (part if isinstance(part, bytes) else repr(part).encode() for part in value)
    return (value if isinstance(value, bytes) else repr(value).encode(),)


def _packed(parts: Iterable[bytes]) -> bytes:
    """Parts with their lengths, so that no two lists are alike."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _number(data: bytes) -> int:
    return int.from_bytes(sha256(data).digest(), "big")
