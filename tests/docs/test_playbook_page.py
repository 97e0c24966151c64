"""The page of the routines is the book's, and everything a check names is there: page, query, action, words."""

import tomllib
from pathlib import Path

import pytest

from anclora.playbook import BOOK, Check, Checklist
from anclora.playbook.actions import ACTIONS
from anclora.playbook.page import playbook_page
from anclora.playbook.sources import QUERIES

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "runbooks" / "operational-playbook.md"
CHECKS = [(name, check) for name, routine in BOOK.items() for check in routine.check]


def test_the_page_says_what_the_book_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == playbook_page(), "run scripts/reference_pages.py"


@pytest.mark.parametrize(("checklist", "check"), CHECKS, ids=[f"{name}-{check.id}" for name, check in CHECKS])
def test_every_check_has_its_line_and_its_runbook(checklist: Checklist, check: Check) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"anclora ops {checklist.value}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if f"(`{check.id}`)" in line]
    assert len(lines) == 1
    assert f"`{check.query}`" in lines[0]
    assert (ROOT / "docs" / check.runbook).is_file()


def test_no_line_stands_without_code() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and "(`" in line]
    assert len(rows) == len(CHECKS)


def test_nothing_is_measured_or_mended_that_no_check_asks_for() -> None:
    assert {check.query for _, check in CHECKS} == set(QUERIES)
    assert {check.action for _, check in CHECKS if check.action} == set(ACTIONS)


def test_a_word_nobody_knows_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    real = tomllib.loads
    for old, new in (
        ('query = "health.status"', 'query = "health.mood"'),
        ('action = "mend_numbers"', 'action = "reboot"'),
        ('id = "metrics"', 'id = "health"'),
        ("threshold = 1000", 'threshold = "many"'),
        ('owner = "platform"', 'owners = "platform"'),
    ):
        monkeypatch.setattr(tomllib, "loads", lambda text, old=old, new=new: real(text.replace(old, new, 1)))
        with pytest.raises(ValueError, match=r"anclora/playbook/book/morning\.toml"):
            _load()


def _load() -> None:
    from anclora.playbook import book  # noqa: PLC0415 - the module's own reader, past its cache

    book.load()
