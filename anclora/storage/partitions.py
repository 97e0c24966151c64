"""Partitions by time, made ahead: the key of a partitioned table is a UUID version 7, which begins with its moment."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from psycopg import sql

from anclora.kit.ids import first_id_at
from anclora.storage.database import Connection

_AHEAD = 3
_LOCK = 0x616E6370  # "ancp": the advisory lock of everybody who makes partitions
_LOCK_WAIT_MS = 5_000
_DROP_WAIT_MS = 1_000


class Span(NamedTuple):
    """A partitioned table, how much time one partition holds, and how full its pages are filled at first.

    Room on the page of a row that changes keeps its new version there: a HOT update, which touches no index.
    """

    table: str
    unit: Literal["month", "day"]
    fill_percent: int = 100


SPANS = (
    Span("messages", "month", fill_percent=50),
    Span("attempts", "month"),
    Span("inbound_events", "day"),
    Span("events", "day"),
    Span("hook_deliveries", "day", fill_percent=70),
    Span("hook_requests", "day"),
)


async def ensure_partitions(connection: Connection, now: datetime) -> list[str]:
    """Make the partitions of the present span, the one before (clocks differ) and three ahead.

    Args:
        connection: in autocommit or in a transaction.
        now: aware.

    Returns:
        The names of those made; mostly none, which costs one query.
    """
    wanted = {_name(span, start): (span, start) for span in SPANS for start in _starts(span, now)}
    if not await _absent(connection, list(wanted)):
        return []
    async with connection.transaction():
        await connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_LOCK_WAIT_MS}ms"])
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        absent = await _absent(connection, list(wanted))
        for name in absent:
            span, start = wanted[name]
            await _make(connection, span, name, start)
    return absent


async def drop_partitions(connection: Connection, table: str, before: datetime) -> list[str]:
    """Drop the partitions of a table that hold nothing from `before` on.

    Whether their rows may go is the caller's to know. A reader in the way makes it give up after a second, so that
    those who write never queue behind it; the next round tries again.

    Args:
        connection: in a transaction.
        table: one of `SPANS`.
        before: aware.

    Returns:
        The names of those dropped.
    """
    [span] = [span for span in SPANS if span.table == table]
    cursor = await connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass ORDER BY 1", [table]
    )
    names = [str(row[0]) for row in await cursor.fetchall()]
    dropped = [name for name in names if _next(span, _start(span, name)) <= before]
    if dropped:
        await drop_these(connection, dropped)
    return dropped


async def drop_these(connection: Connection, names: Sequence[str]) -> None:
    """Drop partitions by name, giving up after a second as `drop_partitions` does; `connection` is in a transaction."""
    await connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_DROP_WAIT_MS}ms"])
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    for name in names:
        await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))


def bounds_of(table: str, name: str) -> tuple[datetime, datetime]:
    """When a partition of one of `SPANS` begins, and when the next one does; from its name."""
    [span] = [span for span in SPANS if span.table == table]
    start = _start(span, name)
    return start, _next(span, start)


async def _absent(connection: Connection, names: list[str]) -> list[str]:
    cursor = await connection.execute(
        "SELECT name FROM unnest(%s::text[]) WITH ORDINALITY AS wanted(name, place)"
        " WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid"
        " WHERE c.relname = wanted.name AND c.relnamespace = current_schema()::regnamespace) ORDER BY place",
        [names],
    )
    return [str(row[0]) for row in await cursor.fetchall()]


async def _make(connection: Connection, span: Span, name: str, start: datetime) -> None:
    """Make, then attach: attaching lets readers and writers of the table go on, a `PARTITION OF` does not."""
    parts = {
        "name": sql.Identifier(name),
        "table": sql.Identifier(span.table),
        "fill": sql.Literal(span.fill_percent),
        "start": sql.Literal(first_id_at(start)),
        "end": sql.Literal(first_id_at(_next(span, start))),
    }
    await connection.execute(
        sql.SQL(
            "CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED"
            " INCLUDING STORAGE INCLUDING INDEXES) WITH (fillfactor = {fill})"
        ).format(**parts)
    )
    await connection.execute(
        sql.SQL("ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})").format(**parts)
    )


def _starts(span: Span, now: datetime) -> list[datetime]:
    """The starts of the span before, the present one and those ahead."""
    present = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if span.unit == "month":
        present = present.replace(day=1)
        starts = [(present - timedelta(days=1)).replace(day=1), present]
    else:
        starts = [present - timedelta(days=1), present]
    for _ in range(_AHEAD):
        starts.append(_next(span, starts[-1]))
    return starts


def _next(span: Span, start: datetime) -> datetime:
    if span.unit == "day":
        return start + timedelta(days=1)
    return (start + timedelta(days=32)).replace(day=1)


def _name(span: Span, start: datetime) -> str:
    return f"{span.table}_{start:%Y_%m}" if span.unit == "month" else f"{span.table}_{start:%Y_%m_%d}"


def _start(span: Span, name: str) -> datetime:
    """The start of a partition, from its name."""
    form = "%Y_%m" if span.unit == "month" else "%Y_%m_%d"
    return datetime.strptime(name.removeprefix(f"{span.table}_"), form).replace(tzinfo=UTC)
