"""The schema as the catalogs tell it, committed as `schema.txt`: what the migrations add up to, for readers and a test.

`python -m anclora.storage.schema --write` writes the file anew from a database made by the migrations alone.
"""

import sys
import tempfile
from pathlib import Path
from typing import LiteralString

import psycopg

from anclora.storage.embedded import discard_embedded, start_embedded
from anclora.storage.migrate import migrate
from anclora.storage.queries import load_queries

FILE = Path(__file__).with_name("schema.txt")

_queries = load_queries("anclora.storage")


def describe(connection: psycopg.Connection) -> str:
    """Tables, columns, constraints, indexes, triggers, sequences and functions of the current schema, as text."""
    paragraphs: list[str] = []
    for name, line in connection.execute(_queries["tables"]).fetchall():
        lines = [str(line)]
        for part in ("columns", "constraints", "indexes", "triggers"):
            lines += [f"    {detail}" for detail in _lines(connection, _queries[part], table=str(name))]
        paragraphs.append("\n".join(lines))
    for part in ("sequences", "functions"):
        paragraphs += _lines(connection, _queries[part])
    return "\n\n".join(paragraphs) + "\n"


def describe_migrated() -> str:
    """What the migrations make of an empty database; starts a private Postgres for it."""
    data_dir = Path(tempfile.mkdtemp(prefix="anclora-schema-"))
    try:
        with start_embedded(data_dir, redis=False, passing=True) as servers:
            migrate(servers.database_url)
            with psycopg.connect(servers.database_url) as connection:
                return describe(connection)
    finally:
        discard_embedded(data_dir)


def _lines(connection: psycopg.Connection, query: LiteralString, **params: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query, params).fetchall()]


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(describe_migrated(), encoding="utf-8")
    else:
        sys.stdout.write(describe_migrated())
