"""The page of the routines, written from the book: a line without code, or code without a line, cannot be. Pure."""

from collections.abc import Sequence

from anclora.playbook.book import BOOK
from anclora.playbook.model import Check, Checklist, Routine
from anclora.playbook.words import EXPECTED

_HEAD = """# The operational playbook

Owner: platform · Version: 1.0.0 · Last reviewed: 2026-11-28

Written by `scripts/reference_pages.py` from `anclora/playbook/book`; `make check` holds it to that. How to run the
routines, set up what they look at, and let them mend: [run the day](../howto/run-the-day.md). The playbook as it was
ordered: [playbook-original](../reference/playbook-original.md).

What cannot be measured is never green: *unknown* where the source does not answer or has nothing to say, *finding*
where nothing there is the finding (the column says which), *not set up* where a setting is missing, which is named.
"""
_COLUMNS = (
    "check",
    "question",
    "measured by",
    "expected",
    "without data",
    "look",
    "what to do",
    "owner",
    "safe action",
)
_NAMED = {
    Checklist.MORNING: "Morning",
    Checklist.EVENING: "Evening",
    Checklist.WEEKLY: "Weekly",
    Checklist.MONTHLY: "Monthly",
    Checklist.PRE_DEPLOY: "Before a deploy",
    Checklist.POST_DEPLOY: "After a deploy",
}


def playbook_page() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(checklist, routine) for checklist, routine in BOOK.items())


def _section(checklist: Checklist, routine: Routine) -> str:
    by_itself = "By itself, once however many processes run: " if routine.at else "When: "
    gate = " It is a gate: what is not set up closes it too." if routine.gate else ""
    return (
        f"\n## {_NAMED[checklist]}\n\n{by_itself}{routine.when.en}.{gate}\n\n"
        "<!-- may end with 1: something to look at is a result, and no failure of the command -->\n"
        f"```\nanclora ops {checklist.value}\n```\n\n{_table([_COLUMNS, *map(_row, routine.check)])}"
    )


def _row(check: Check) -> tuple[str, ...]:
    expected = EXPECTED["en"][check.comparison].format(_number(check.threshold))
    return (
        f"{check.name.en} (`{check.id}`)",
        check.question.en,
        f"`{check.query}`",
        f"{expected} {check.unit.en}" if check.unit else expected,
        check.no_data,
        check.evidence,
        f"[{check.runbook.rpartition('/')[2].removesuffix('.md')}]({_link(check.runbook)})",
        check.owner,
        f"`{check.action}`" if check.action else "none",
    )


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,.0f}"


def _link(page: str) -> str:
    """From docs/runbooks to a page below docs/."""
    return page.removeprefix("runbooks/") if page.startswith("runbooks/") else f"../{page}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
