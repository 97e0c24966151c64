"""A query that extends another goes on where that one ends."""

import sys
from pathlib import Path

import pytest

from anclora.storage.queries import load_queries

BASE = "-- name: plain\n-- The plain one.\nwith a as (\n    select 1 as n\n)\nselect n from a\n"
MORE = (
    "-- name: told\n-- extends: plain\n-- The same, and more.\nb as (\n    select n from ended\n)\nselect n from b;\n"
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    room = tmp_path / "room_of_queries"
    (room / "sql").mkdir(parents=True)
    (room / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "room_of_queries", raising=False)
    return room / "sql" / "some.sql"


def test_its_last_statement_becomes_the_entry_ended(package: Path) -> None:
    package.write_text(MORE + "\n" + BASE)  # the order in the file does not matter
    queries = load_queries("room_of_queries")
    assert queries["plain"] == "with a as (\n    select 1 as n\n)\nselect n from a"
    assert queries["told"].split() == (
        [
            "with",
            "a",
            "as",
            "(",
            "select",
            "1",
            "as",
            "n",
            "),",
            "ended",
            "as",
            "(",
            "select",
            "n",
            "from",
            "a",
            "),",
            "b",
            "as",
            "(",
            "select",
            "n",
            "from",
            "ended",
            ")",
            "select",
            "n",
            "from",
            "b",
        ]
    )
    assert queries.descriptions["told"] == "The same, and more."


@pytest.mark.parametrize("base", ["", "-- name: plain\n-- Without a list.\nselect 1 as n\n"])
def test_what_cannot_be_extended_stops_the_start(package: Path, base: str) -> None:
    package.write_text(base + MORE)
    with pytest.raises(ValueError, match="extended"):
        load_queries("room_of_queries")
