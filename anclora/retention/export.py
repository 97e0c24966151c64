"""A month as one moment of the ledger has it: its rows in files, their fingerprints, and what figures count of them.

Blocks, so it runs in a thread. The fingerprint is Postgres' own, over what it holds and not over what we wrote.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import Cursor, IsolationLevel, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from anclora.backups.prints import PLAIN
from anclora.kit.errors import UnavailableError
from anclora.retention import parquet
from anclora.retention.errors import ChangedError
from anclora.retention.model import TABLES, Month, Print, Step
from anclora.retention.plan import QUERIES, span_of
from anclora.retention.rules import FORMS

_BATCH_ROWS = 5_000
_CONNECT_SECONDS = 10
_PIECE_BYTES = 1 << 20
_READ: LiteralString = "select {} from {}"
_PRINT: LiteralString = (
    "select count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(json_build_array({})::text, 'UTF8')), 'hex'),"
    " 15))::bit(60)::bigint), 0)::text from {}"
)
# A row that changes gets another place or another writer, so this says whether any did, without reading what it holds.
_VERSION: LiteralString = (
    "select count(*)::text || ' ' ||"
    " coalesce(sum(hashtextextended(ctid::text || ' ' || xmin::text, 0)), 0)::text from {}"
)


@dataclass(frozen=True, kw_only=True)
class Exported:
    """One table of a month in a file. `version` changes when any row does; `sha256` is of the file."""

    table: str
    partition: str
    file: Path
    columns: parquet.Columns
    print: Print
    version: str
    sha256: bytes


def version_query(partition: str) -> sql.Composed:
    """Asks what changes when any row of a partition does."""
    return sql.SQL(_VERSION).format(sql.Identifier(partition))


def export(url: str, month: Month, folder: Path, step: Step) -> tuple[list[Exported], list[dict[str, Any]]]:
    """Write a month's tables into a folder; the files, and the facts of its messages.

    Raises:
        ChangedError: a column has a type nobody taught us.
        UnavailableError: the ledger does not answer.
    """
    options = " ".join(f"-c {name}={value}" for name, value in PLAIN.items())
    info = make_conninfo(url, options=options, connect_timeout=_CONNECT_SECONDS, application_name="anclora-retention")
    try:
        with psycopg.connect(info) as connection:
            connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            connection.set_read_only(True)
            with connection.cursor(row_factory=dict_row) as cursor:
                facts = cursor.execute(QUERIES["facts"], span_of(month)).fetchall()
            files = [
                _one(connection, table, month.partitions[table], folder / f"{table}.parquet", step)
                for table in TABLES
                if table in month.partitions
            ]
    except psycopg.Error as error:
        words = " ".join(str(error).split())[:300]
        raise UnavailableError(f"The ledger could not be read: {words}", code="database_unavailable") from error
    return files, facts


def _one(connection: psycopg.Connection, table: str, partition: str, file: Path, step: Step) -> Exported:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["columns"], {"table": partition}).fetchall()
    if strange := [f"{row['name']} ({row['kind']})" for row in rows if row["kind"] not in FORMS]:
        raise ChangedError(f"The table {table} has columns no archive knows: {', '.join(strange)}. Update Anclora.")
    forms = [(sql.Identifier(row["name"]), FORMS[row["kind"]]) for row in rows]
    source = sql.Identifier(partition)
    step(f"{table}: fingerprint", 0, None)
    lines = sql.SQL(", ").join(sql.SQL(form.line).format(name) for name, form in forms)
    found = connection.execute(sql.SQL(_PRINT).format(lines, source)).fetchone()
    version = connection.execute(version_query(partition)).fetchone()
    if found is None or version is None:
        raise AssertionError
    print_ = Print(rows=int(found[0]), hash=str(found[1]))
    columns = [(str(row["name"]), FORMS[row["kind"]].kind) for row in rows]
    read = sql.SQL(", ").join(sql.SQL(form.read).format(name) for name, form in forms)
    with connection.cursor(name="archive") as cursor:
        cursor.execute(sql.SQL(_READ).format(read, source))
        parquet.write(file, columns, _batches(cursor, table, print_.rows, step))
    return Exported(
        table=table,
        partition=partition,
        file=file,
        columns=columns,
        print=print_,
        version=str(version[0]),
        sha256=sha256_of(file),
    )


def _batches(cursor: Cursor[Any], table: str, whole: int, step: Step) -> Iterator[Sequence[Sequence[object]]]:
    done = 0
    while rows := cursor.fetchmany(_BATCH_ROWS):
        done += len(rows)
        yield rows
        step(f"{table}: write", done, whole)


def sha256_of(file: Path) -> bytes:
    """Of a file's bytes."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.digest()
