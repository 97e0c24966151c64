"""Reading one contact."""

from anclora.contacts.model import Contact
from anclora.kit.errors import NotFoundError
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)


async def show(db: Database, phone: str) -> Contact:
    """The contact of a number (digits, see `phone_digits`).

    Raises:
        NotFoundError: nothing was ever sent to it or heard from it.
    """
    row = await db.fetch_one(QUERIES["show_contact"], phone=phone)
    if row is None:
        raise NotFoundError(
            "Nobody with this number is known: nothing was sent to it or heard from it, and it did not opt out.",
            code="contact_not_found",
        )
    return Contact(**row)
