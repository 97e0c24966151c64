"""What the traffic of the numbers says, read from the ledger; and the verdicts, written where they changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from anclora.instances.book import QUERIES
from anclora.instances.rules import CLOSED_CODES, SEVERAL_SECONDS, WINDOW_SECONDS, Evidence, judge
from anclora.kit.ids import first_id_at
from anclora.storage.database import Database

_HOUR = timedelta(hours=1)


async def read_evidence(db: Database, now: datetime) -> list[Evidence]:
    """The evidence about every number, by name."""
    rows = await db.fetch_all(
        QUERIES["read_evidence"],
        since=now - timedelta(seconds=WINDOW_SECONDS),
        before=now - timedelta(seconds=SEVERAL_SECONDS),
        now=now,
        closed=list(CLOSED_CODES),
    )
    counts = await _usual(db, now)
    return [msgspec.convert({**row, **counts.get(row["name"], {})}, Evidence) for row in rows]


async def _usual(db: Database, now: datetime) -> Mapping[str, Mapping[str, object]]:
    rows = await db.fetch_all(QUERIES["read_usual"], hour=_last_whole_hour(now))
    weeks: dict[str, dict[int, int]] = {}
    for row in rows:
        weeks.setdefault(row["instance"], {})[row["week"]] = row["inbound"]
    return {
        name: {"inbound": found.get(0), "usual": [count for week, count in found.items() if week]}
        for name, found in weeks.items()
    }


async def count_hours(db: Database, now: datetime) -> int:
    """Count what arrived in every whole hour that nobody counted; how many hours that were."""
    hours = await db.fetch_all(QUERIES["uncounted_hours"], hour=_last_whole_hour(now))
    for row in hours:
        hour: datetime = row["hour"]
        await db.execute(QUERIES["count_hour"], hour=hour, low=first_id_at(hour), high=first_id_at(hour + _HOUR))
    return len(hours)


def _last_whole_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) - _HOUR


async def write_verdicts(db: Database, found: Sequence[Evidence], now: datetime) -> dict[str, str]:
    """Judge every number, and write what changed; the reasons against those that are open and dead, by name."""
    verdicts = {each.name: judge(each, now) if each.state == "open" else None for each in found}
    await db.execute(
        QUERIES["write_verdicts"],
        names=list(verdicts),
        reasons=list(verdicts.values()),
        acked=[each.acked_at for each in found],
        now=now,
    )
    return {name: reason for name, reason in verdicts.items() if reason is not None}
