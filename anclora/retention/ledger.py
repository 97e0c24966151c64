"""What the ledger remembers of months that went, and the figures of the room."""

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from anclora.kit.clock import Clock
from anclora.kit.settings import Settings
from anclora.retention import metrics
from anclora.retention.model import Archived, File, Month
from anclora.retention.plan import QUERIES, months_of
from anclora.retention.rules import past
from anclora.storage.database import Database

GRACE_DAYS = 7  # a month that is past its days goes with the next round; later somebody has to look


async def archived(db: Database) -> list[Archived]:
    """Every month that was archived and dropped, the oldest first."""
    rows = await db.fetch_all(QUERIES["archives"])

    def of(row: dict[str, Any]) -> tuple[date, datetime, str]:
        return row["month"], row["dropped_at"], row["place"]

    return [
        Archived(
            month=f"{month:%Y-%m}",
            place=place,
            dropped_at=at.astimezone(UTC),
            files=[
                File(table=row["table_name"], key=row["key"], rows=row["rows"], hash=row["hash"], bytes=row["bytes"])
                for row in each
            ],
        )
        for (month, at, place), each in groupby(rows, key=of)
    ]


async def overdue(db: Database, settings: Settings, now: datetime) -> list[Month]:
    """The months that should have gone a week ago."""
    found = months_of(await db.fetch_all(QUERIES["partitions"]))
    return past(found, now - timedelta(days=GRACE_DAYS), days=settings.retention_days)


async def show_retention(db: Database, settings: Settings, clock: Clock) -> None:
    """Show what waits and what went, whoever archived it."""
    wanted = settings.retention_url is not None
    metrics.CONFIGURED.show_one(float(wanted))
    metrics.OVERDUE.show_one(float(len(await overdue(db, settings, clock.now()))) if wanted else None)
    row = await db.fetch_one(QUERIES["newest_archive"])
    metrics.ROWS.show_one(row["rows"] if row else None)
    metrics.LAST_SUCCESS.show_one(row["at"] if row else None)
