"""Named queries: every SQL statement of a feature stands in `<package>/sql/*.sql`, with a name and a reason.

-- name: find_contact
-- The contact of a number, opted out or not.
SELECT … WHERE phone = %(phone)s;

A query that begins with `-- extends: <name>` goes on where that one ends: the last statement of the other, whose `with`
list it needs, becomes the list's entry `ended`, and its own text follows.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import LiteralString, cast

_NAME = re.compile(r"^--\s*name:\s*(.*?)\s*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")
_EXTENDS = re.compile(r"\A\s*--\s*extends:\s*(\w+)\s*\n")
_END_OF_LIST = "\n)\n"


class Queries(Mapping[str, LiteralString]):
    """The queries of one package by name: `q["find_contact"]`. A wrong name is a `KeyError`."""

    def __init__(self, queries: Mapping[str, LiteralString], descriptions: Mapping[str, str]) -> None:
        self._queries = dict(queries)
        self.descriptions = dict(descriptions)

    def __getitem__(self, name: str) -> LiteralString:
        """The SQL of a query."""
        return self._queries[name]

    def __iter__(self) -> Iterator[str]:
        """Its names, in the order of files and of queries in a file."""
        return iter(self._queries)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._queries)


def load_queries(package: str) -> Queries:
    """Read `<package>/sql/*.sql`; meant for module level, so that a bad file stops the start.

    Raises:
        ValueError: no query at all, or one without a proper name, description or SQL, or two of one name.
    """
    queries: dict[str, LiteralString] = {}
    bases: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    folder = files(package) / "sql"
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    for file in found:
        for name, base, description, sql in _parse(file):
            if name in queries:
                raise ValueError(f"{file}: there are two queries named {name}")
            # What a query file of this package says was written by us, as a literal in the code would be.
            queries[name] = cast(LiteralString, sql)
            descriptions[name] = description
            if base is not None:
                bases[name] = base
    for name, base in bases.items():
        queries[name] = _extended(queries.get(base, ""), queries[name])
    if not queries:
        raise ValueError(f"{folder}: there are no queries")
    return Queries(queries, descriptions)


def _extended(base: LiteralString, more: LiteralString) -> LiteralString:
    """The query that does what `base` does, and then more with its rows, which are called `ended`."""
    head, found, last = base.rpartition(_END_OF_LIST)
    if not found:
        raise ValueError(f"{base[:60]!r}: only a query with a list before its last statement can be extended")
    return head + "\n), ended as (\n" + last + "\n), " + more


def _parse(file: Traversable) -> Iterator[tuple[str, str | None, str, str]]:
    pieces = _NAME.split(file.read_text(encoding="utf-8"))
    if pieces[0].strip():
        raise ValueError(f"{file}: begins without '-- name:'")
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        extends = _EXTENDS.match(body)
        lines = body[extends.end() if extends else 0 :].strip().splitlines()
        count = next((index for index, line in enumerate(lines) if not line.startswith("--")), len(lines))
        description = " ".join(line.removeprefix("--").strip() for line in lines[:count])
        sql = "\n".join(lines[count:]).strip().removesuffix(";").rstrip()
        if not _IDENTIFIER.match(name) or not description or not sql:
            raise ValueError(f"{file}: query {name!r} needs a name in snake_case, a description and SQL")
        yield name, extends[1] if extends else None, description, sql
