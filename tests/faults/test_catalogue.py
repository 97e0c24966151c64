"""The catalogue of faults names tests that are there."""

import re
from pathlib import Path

import pytest

from tests.faults.catalogue import ROWS, Row

TESTS = Path(__file__).parents[1]


def test_all_rows_are_there() -> None:
    assert sorted(ROWS) == list(range(1, 37))
    assert {row.how for row in ROWS.values()} <= {"real", "stand-in", "later"}


@pytest.mark.parametrize("row", ROWS.values(), ids=[str(number) for number in ROWS])
def test_a_row_names_tests_or_says_what_is_missing(row: Row) -> None:
    assert bool(row.tests) != (row.how == "later")
    assert bool(row.why) == (row.how != "real")
    for name in row.tests:
        file, _, function = name.partition("::")
        text = (TESTS / file).read_text(encoding="utf-8")
        wanted = r"def test_" if function == "*" else rf"def {function}\("
        assert re.search(wanted, text), name
