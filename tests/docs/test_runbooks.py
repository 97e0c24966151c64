"""The runbooks: who answers for each page and since when it is read, the playbook's words, and what was promised."""

import re
from pathlib import Path

import pytest

from anclora.drills.model import TARGETS, Scenario
from anclora.playbook.sources.pages import HEADER, RUNBOOKS, reviewed

ROOT = Path(__file__).parent.parent.parent
ORIGINAL = (ROOT / "docs" / "reference" / "playbook-original.md").read_text(encoding="utf-8")
TROUBLE = (RUNBOOKS / "troubleshooting.md").read_text(encoding="utf-8")
ISSUES = re.findall(r"^### (Issue: .+?)\n.*?(```bash\n.*?```)", ORIGINAL, re.MULTILINE | re.DOTALL)


def test_the_playbooks_index_leads_to_pages_that_are_there() -> None:
    named = re.findall(r"\(\./(.+?\.md)\)", ORIGINAL)
    assert len(named) == 4
    assert [name for name in named if not (RUNBOOKS / name).is_file()] == []


def test_every_page_names_owner_version_and_the_day_it_was_reviewed() -> None:
    pages = sorted(RUNBOOKS.rglob("*.md"))
    assert len(pages) > 70
    texts = {page.name: page.read_text(encoding="utf-8").splitlines()[2] for page in pages}
    assert [name for name, line in texts.items() if not HEADER.fullmatch(line)] == []
    assert len(reviewed(RUNBOOKS)) == len(pages)


@pytest.mark.parametrize(("title", "fix"), ISSUES, ids=[title for title, _fix in ISSUES])
def test_an_issue_of_the_playbook_has_its_fix_word_for_word_and_what_to_check_first(title: str, fix: str) -> None:
    section = TROUBLE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    assert fix in section
    for words in ("**The quick fix of the playbook**", "**Check first**", "**It worked**"):
        assert section.count(words) == 1


def test_there_are_three_issues() -> None:
    assert [title for title, _fix in ISSUES] == [
        "Issue: Queue Growing",
        "Issue: High Memory",
        "Issue: WhatsApp Disconnected",
    ]


SECTIONS = {
    Scenario.REDIS_LOSS: "redis-is-lost",
    Scenario.CORRUPTION: "redis-does-not-start",
    Scenario.CREDENTIAL_ROTATION: "a-credential-leaked",
    Scenario.POSTGRES_POINT_IN_TIME: "somebody-deleted-what-they-should-not",
    Scenario.CONFIGURATION: "the-settings-are-lost",
    Scenario.REGION: "the-machine-is-lost",
}


@pytest.mark.parametrize("scenario", Scenario)
def test_the_page_of_disasters_promises_what_drills_measure(scenario: Scenario) -> None:
    page = (RUNBOOKS / "disaster-recovery.md").read_text(encoding="utf-8")
    [row] = re.findall(rf"^\| .*\(#{SECTIONS[scenario]}\).* \| (.+) \| (.+) \|$", page, re.MULTILINE)
    target = TARGETS[scenario]
    minutes = f"{target.rpo_seconds / 60:.0f} min" if target.rpo_seconds else "0"
    assert row == (f"{target.rto_seconds / 60:.0f} min", minutes)
