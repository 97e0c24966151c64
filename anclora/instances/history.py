"""What happened to a number: every change of its word, and every remedy."""

from datetime import datetime

import msgspec

from anclora.instances.book import QUERIES
from anclora.storage.database import Database

_MOST = 1_000


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a number's word."""

    at: datetime
    was: str
    status: str
    reason: str | None


async def read_history(db: Database, name: str, *, limit: int = 50) -> list[Turn]:
    """The latest changes, the newest first."""
    rows = await db.fetch_all(QUERIES["read_history"], name=name, limit=min(max(limit, 1), _MOST))
    return [Turn(**row) for row in rows]
