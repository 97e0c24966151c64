"""The last security audit that was kept: signed, not too old, and what it found. It is run by hand or by CI."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from anclora.playbook.errors import NoDataError, NotConfiguredError
from anclora.playbook.sources.contract import MOST_FACTS, Parts, Query, Reading
from anclora.security import Report, last, verify

_OLDEST = timedelta(days=35)


async def found(parts: Parts) -> Reading:
    """Findings of the last audit, and what it could not look at; an audit from before the last month is none."""
    key = parts.settings.audit_key
    if key is None:
        raise NotConfiguredError("ANCLORA_AUDIT_KEY")
    report = await asyncio.to_thread(_last, parts.settings.data_dir / "security", key)
    if parts.now - report.at > _OLDEST:
        days = (parts.now - report.at).days
        raise NoDataError(f"The last security audit is {days} days old. Run it: anclora security audit")
    unseen = [f"{check.name}: not looked at: {why}" for check in report.checks for why in check.unseen]
    bad = [*unseen, *(f"{each.where}: {each.what}" for each in report.findings)]
    return Reading(value=float(len(bad)), facts=[*bad[:MOST_FACTS], f"audit of {report.at:%Y-%m-%d}"])


def _last(folder: Path, key: str) -> Report:
    path = last(folder)
    if path is None:
        raise NoDataError(f"No security audit is kept in {folder}. Run it: anclora security audit")
    return verify(path, key)


QUERIES: Mapping[str, Query] = {"security.found": found}
