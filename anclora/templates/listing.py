"""Showing templates."""

from anclora.storage.database import Database
from anclora.templates.model import TemplateView
from anclora.templates.told import QUERIES


async def listing(db: Database, *, status: str | None = None, name: str | None = None) -> list[TemplateView]:
    """Templates by name and language, at most a thousand; those that are gone are left out unless named."""
    rows = await db.fetch_all(QUERIES["list_templates"], status=status, name=name)
    return [TemplateView(**row) for row in rows]
