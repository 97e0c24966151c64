"""Reading figures: folded and not yet folded ones together, as one moment of the ledger has them."""

from datetime import datetime

from anclora.storage.database import Database
from anclora.tallies.fold import QUERIES
from anclora.tallies.model import COUNTERS, By, Counts, Sums, Wanted


async def read(db: Database, wanted: Wanted, by: By) -> list[Sums]:
    """The figures, part by part, in the order of the parts; a part without any is left out."""
    rows = await db.fetch_all(
        QUERIES["read_tallies"],
        by=by,
        grain=wanted.grain,
        since=wanted.since,
        until=wanted.until,
        instance=wanted.instance,
        campaign=wanted.campaign,
    )
    found: list[Sums] = []
    for row in rows:
        at: datetime | None = row["at"]
        found.append(Sums(at=at, key=row["key"], counts=Counts(**{name: row[name] for name in COUNTERS})))
    return found


async def total(db: Database, wanted: Wanted) -> Counts:
    """All of it in one."""
    return next((sums.counts for sums in await read(db, wanted, "all")), Counts())
