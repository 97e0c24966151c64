"""Whether the figures are what the rows say, for people: any span, rounded to whole hours; and making them so."""

from datetime import UTC, datetime, timedelta

from anclora import tallies
from anclora.analytics.period import edge_of
from anclora.audit import record
from anclora.storage.database import Database
from anclora.tallies import Verified

_HOUR = timedelta(hours=1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


async def verify(db: Database, since: str | None = None, until: str | None = None, *, timezone: str) -> Verified:
    """Recount the hours from `since` (a day or a moment; None = ever) to `until` (a day, included, or a moment).

    Raises:
        InvalidError: unreadable.
        UnavailableError: it took too long.
    """
    start = edge_of(since, timezone=timezone, last=False) if since else None
    end = edge_of(until, timezone=timezone, last=True) if until else None
    return await tallies.verify(
        db,
        start - (start - _EPOCH) % _HOUR if start else None,
        end + (_EPOCH - end) % _HOUR if end else None,
    )


async def mend(db: Database, *, actor: str) -> Verified:
    """Put right what differs, all of it; audited when something did.

    Raises:
        UnavailableError: it took too long.
    """
    async with db.transaction() as conn:
        found = await tallies.mend(conn)
        if found.mended:
            detail = {"figures": found.mended, "facts": found.facts}
            await record(conn, actor=actor, action="analytics.mend", subject="tallies", detail=detail)
    return found
