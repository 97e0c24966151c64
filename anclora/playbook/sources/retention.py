"""Months of the ledger that are past their days, and the files of those that went."""

import asyncio
from collections.abc import Mapping, Sequence

from anclora.backups.model import Lying
from anclora.playbook.errors import NotConfiguredError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading
from anclora.retention import archived, open_house, overdue

_SHOWN_BYTES = 1e6


async def off(parts: Parts) -> Reading:
    """Months that should have gone a week ago, and archived files that are not where they were put."""
    if not parts.settings.retention_url:
        raise NotConfiguredError("ANCLORA_RETENTION_URL")
    house = open_house(parts.settings, parts.clock)
    try:
        place = house.target.place
        lying: Sequence[Lying] = await asyncio.to_thread(house.target.list, "")
    finally:
        house.close()
    there = {each.key: each.bytes for each in lying}
    files = [file for month in await archived(parts.db) if month.place == place for file in month.files]
    lost = [file.key for file in files if there.get(file.key) != file.bytes]
    late = [month.name for month in await overdue(parts.db, parts.settings, parts.now)]
    facts = [*(f"{name} is still in the ledger" for name in late), *(f"{key} is missing or cut" for key in lost)]
    size = sum(file.bytes for file in files) / _SHOWN_BYTES
    return Reading(
        value=float(len(late) + len(lost)),
        facts=[*facts[:MOST_FACTS], f"{len(files)} files in {place}, {size:,.1f} MB"],
    )


QUERIES: Mapping[str, Query] = {"retention.off": off}
