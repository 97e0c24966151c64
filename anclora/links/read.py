"""Reading links and their clicks."""

from uuid import UUID

import msgspec

from anclora.kit.errors import NotFoundError
from anclora.links.model import Click, Link
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_LAST = UUID(int=2**128 - 1)


async def show(db: Database, account: str, token: str) -> Link:
    """One link with its latest clicks.

    Raises:
        NotFoundError: there is none of this token.
    """
    # No text of a database holds NUL, so none is stored under it.
    row = await db.fetch_one(QUERIES["show_link"], token=token, account=account) if "\0" not in token else None
    if row is None:
        raise NotFoundError("There is no link of this token. List them: anclora links list", code="link_not_found")
    clicks = await db.fetch_all(QUERIES["read_clicks"], link_id=row["id"])
    return msgspec.structs.replace(Link(**row), latest=[Click(**each) for each in clicks])


async def find(db: Database, account: str, *, before: UUID | None = None, limit: int = 50) -> list[Link]:
    """A page, the newest first; `before` is the last id of the page before."""
    rows = await db.fetch_all(QUERIES["find_links"], account=account, before=before or _LAST, limit=limit)
    return [Link(**row) for row in rows]
