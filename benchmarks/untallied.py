"""The product without its tallies, for comparison only: `python -m benchmarks.untallied serve …`.

Cuts the entry `tallied` out of the `with` list of every statement that has one, before anything loads them.
"""

import re
from collections.abc import Mapping
from typing import LiteralString, cast

from anclora.storage import queries

_ENTRY = re.compile(r"\), tallied as \(\n.*?\n(?=\))", re.DOTALL)
_load = queries.load_queries


def without_tallies(found: Mapping[str, str]) -> dict[str, LiteralString]:
    """These statements, none of which appends a delta.

    Raises:
        ValueError: one still does, in a way that is not known here.
    """
    cut: dict[str, LiteralString] = {}
    for name, text in found.items():
        cut[name] = cast(LiteralString, _ENTRY.sub("", text))
    if left := [name for name, text in cut.items() if "insert into tally_deltas" in text]:
        raise ValueError(f"still tallied: {left}")
    return cut


def _load_without(package: str) -> queries.Queries:
    found = _load(package)
    return found if package == "anclora.tallies" else queries.Queries(without_tallies(found), found.descriptions)


if __name__ == "__main__":
    queries.load_queries = _load_without
    from anclora.cli import main

    main()
