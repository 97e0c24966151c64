"""The pages of the runbooks, as they lie beside the program in a clone: who has read them through, and when."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import anclora
from anclora.kit.clock import business_date
from anclora.playbook.errors import NotConfiguredError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading

RUNBOOKS = Path(anclora.__file__).parent.parent / "docs" / "runbooks"
HEADER = re.compile(r"^Owner: .+ · Version: \d+\.\d+\.\d+ · Last reviewed: (\d{4}-\d\d-\d\d)$", re.MULTILINE)
_OLD = timedelta(days=90)


def reviewed(folder: Path) -> dict[str, date]:
    """The day each page was last reviewed, by its path; one that does not say is older than all."""
    pages = {str(page.relative_to(folder)): page.read_text(encoding="utf-8") for page in sorted(folder.rglob("*.md"))}
    found = {name: HEADER.search(text) for name, text in pages.items()}
    return {name: date.fromisoformat(line[1]) if line else date.min for name, line in found.items()}


async def unreviewed(parts: Parts) -> Reading:
    """Pages nobody has reviewed for more than 90 days."""
    if not RUNBOOKS.is_dir():
        raise NotConfiguredError("docs/runbooks beside the program, as a clone has it")
    today = business_date(parts.now, parts.settings.timezone)
    days = sorted(reviewed(RUNBOOKS).items(), key=lambda page: (page[1], page[0]))
    old = [f"{name}: {'never' if day == date.min else day}" for name, day in days if today - day > _OLD]
    return Reading(value=float(len(old)), facts=[*old[:MOST_FACTS], f"of {len(days)} pages"])


QUERIES: Mapping[str, Query] = {"pages.unreviewed": unreviewed}
