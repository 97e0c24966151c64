"""Reading figures: folded and not yet folded ones together, as one moment of the ledger has them."""

from datetime import datetime

import msgspec

from anclora.storage.database import Connection, Database, fetch_all
from anclora.tallies.fold import QUERIES
from anclora.tallies.model import COUNTERS, By, Counts, Sums, Wanted
from anclora.tallies.rules import parts_of


async def read(db: Database, wanted: Wanted, by: By) -> list[Sums]:
    """The figures, part by part, in the order of the parts; a part without any is left out."""
    async with db.connection() as conn:
        return await read_on(conn, wanted, by)


async def read_on(conn: Connection, wanted: Wanted, by: By) -> list[Sums]:
    """The same on a connection, as its transaction sees the ledger."""
    found = await _read(conn, wanted, by)
    if not found and wanted.zone is not None:  # nothing happened, or the days are still those of another zone
        return await _read(conn, wanted, by, days=False)
    return found


async def total(db: Database, wanted: Wanted) -> Counts:
    """All of it in one."""
    return next((sums.counts for sums in await read(db, wanted, "all")), Counts())


async def _read(conn: Connection, wanted: Wanted, by: By, *, days: bool = True) -> list[Sums]:
    parts = parts_of(wanted, by, days=days)
    rows = await fetch_all(
        conn, QUERIES["read_tallies"], by=by, **msgspec.structs.asdict(wanted), **msgspec.structs.asdict(parts)
    )
    found: list[Sums] = []
    for row in rows:
        at: datetime | None = row["at"]
        found.append(Sums(at=at, key=row["key"], counts=Counts(**{name: row[name] for name in COUNTERS})))
    return found
