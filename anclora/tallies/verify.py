"""Recounting: what figures should be by the rows, compared in one statement, so that traffic does not disturb it."""

from datetime import UTC, datetime

from anclora.storage.database import Connection, Database, fetch_all
from anclora.tallies.fold import QUERIES
from anclora.tallies.model import Difference, Verified

SHOWN = 100
_LONGEST = "15min"  # a recount reads every row of the period
_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


async def verify(db: Database, since: datetime | None = None, until: datetime | None = None) -> Verified:
    """Recount the facts of [since, until), quarter by quarter, and the hours that are made of the quarters.

    Args:
        db: the ledger.
        since: the beginning of an hour; None = ever.
        until: alike.

    Raises:
        UnavailableError: it took longer than a quarter of an hour; ask for less.
    """
    async with db.transaction() as conn:
        return await compare(conn, since, until)


async def compare(conn: Connection, since: datetime | None = None, until: datetime | None = None) -> Verified:
    """The same inside a transaction."""
    await conn.execute("select set_config('statement_timeout', %s, true)", [_LONGEST])
    span = {"since": since or _EVER[0], "until": until or _EVER[1]}
    rows = await fetch_all(conn, QUERIES["compare"], **span, limit=SHOWN)
    head = rows[0]
    return Verified(
        facts=head["facts"],
        differences=head["differences"],
        shown=[
            Difference(
                grain=row["grain"],
                at=row["at"],
                instance=row["instance"],
                campaign=row["campaign"],
                template=row["template"],
                kind=row["class"],
                cause=row["cause"],
                what=row["what"],
                tallied=row["tallied"],
                counted=row["counted"],
            )
            for row in rows
            if row["what"] is not None
        ],
    )
