"""The monthly routine names the pages of the runbooks that nobody has read through for 90 days."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from anclora.playbook.errors import NotConfiguredError
from anclora.playbook.sources import QUERIES, Parts, pages

HEADER = "# A page\n\nOwner: platform · Version: 1.0.0 · Last reviewed: {}\n\nWords.\n"


def on(day: str) -> Parts:
    asked: Any = SimpleNamespace(now=datetime.fromisoformat(f"{day}T23:30:00").replace(tzinfo=UTC))
    asked.settings = SimpleNamespace(timezone="Europe/Madrid")
    return cast("Parts", asked)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pages, "RUNBOOKS", tmp_path)
    (tmp_path / "alerts").mkdir()
    (tmp_path / "disaster.md").write_text(HEADER.format("2026-01-01"), encoding="utf-8")
    (tmp_path / "alerts" / "AncloraDown.md").write_text(HEADER.format("2026-01-02"), encoding="utf-8")
    return tmp_path


async def test_a_page_is_old_after_ninety_days_by_the_business_clock(folder: Path) -> None:
    query = QUERIES["pages.unreviewed"]
    assert (await query(on("2026-03-31"))).value == 0  # there it is the 1st of April, the 90th day
    old = await query(on("2026-04-01"))
    assert (old.value, list(old.facts)) == (1, ["disaster.md: 2026-01-01", "of 2 pages"])
    older = await query(on("2026-04-02"))
    assert older.facts[:2] == ["disaster.md: 2026-01-01", "alerts/AncloraDown.md: 2026-01-02"]


async def test_a_page_that_does_not_say_is_older_than_all(folder: Path) -> None:
    (folder / "new.md").write_text("# New\n\nOwner: platform · Version: 1 · Last reviewed: soon\n", encoding="utf-8")
    found = await QUERIES["pages.unreviewed"](on("2026-01-03"))
    assert (found.value, list(found.facts)) == (1, ["new.md: never", "of 3 pages"])


async def test_an_installed_program_without_pages_says_that_it_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "RUNBOOKS", tmp_path / "gone")
    with pytest.raises(NotConfiguredError, match="docs/runbooks"):
        await QUERIES["pages.unreviewed"](on("2026-01-03"))
