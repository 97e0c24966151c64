"""Named queries: every SQL statement of a feature stands in `<package>/sql/*.sql`, with a name and a reason.

-- name: find_contact
-- The contact of a number, opted out or not.
SELECT … WHERE phone = %(phone)s;
"""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import LiteralString, cast

_NAME = re.compile(r"^--\s*name:\s*(.*?)\s*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")


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
    descriptions: dict[str, str] = {}
    folder = files(package) / "sql"
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    for file in found:
        for name, description, sql in _parse(file):
            if name in queries:
                raise ValueError(f"{file}: there are two queries named {name}")
            # What a query file of this package says was written by us, as a literal in the code would be.
            queries[name] = cast(LiteralString, sql)
            descriptions[name] = description
    if not queries:
        raise ValueError(f"{folder}: there are no queries")
    return Queries(queries, descriptions)


def _parse(file: Traversable) -> Iterator[tuple[str, str, str]]:
    pieces = _NAME.split(file.read_text(encoding="utf-8"))
    if pieces[0].strip():
        raise ValueError(f"{file}: begins without '-- name:'")
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        lines = body.strip().splitlines()
        count = next((index for index, line in enumerate(lines) if not line.startswith("--")), len(lines))
        description = " ".join(line.removeprefix("--").strip() for line in lines[:count])
        sql = "\n".join(lines[count:]).strip().removesuffix(";").rstrip()
        if not _IDENTIFIER.match(name) or not description or not sql:
            raise ValueError(f"{file}: query {name!r} needs a name in snake_case, a description and SQL")
        yield name, description, sql
