"""Reading one contact."""

from uuid import UUID

from anclora.contacts.model import Address, Contact
from anclora.kit.errors import NotFoundError
from anclora.storage.database import Connection, Database, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)


def _nobody() -> NotFoundError:
    return NotFoundError(
        "Nobody with this number is known: nothing was sent to it or heard from it, and it did not opt out.",
        code="contact_not_found",
    )


def address_of(text: str) -> tuple[str, str]:
    """Kind and value of `kind:value`; without a kind it is the digits of a phone (see `phone_digits`)."""
    kind, colon, value = text.partition(":")
    return (kind, value) if colon else ("phone", text)


async def show(db: Database, address: str) -> Contact:
    """The contact of a number (digits, see `phone_digits`) or of another address (`kind:value`).

    Raises:
        NotFoundError: nothing was ever sent to it or heard from it.
    """
    async with db.connection() as conn:
        root = await find_root(conn, address)
    row = await db.fetch_one(QUERIES["show_contact"], id=root)
    if row is None:
        raise _nobody()
    addresses = [Address(**each) for each in await db.fetch_all(QUERIES["read_addresses"], contact_id=root)]
    return Contact(**row, addresses=addresses)


async def find_root(conn: Connection, address: str) -> UUID:
    """The contact an address is of, after all merges. Raises `NotFoundError`."""
    kind, value = address_of(address)
    row = await fetch_one(conn, QUERIES["find_root"], kind=kind, value=value)
    if row is None:
        raise _nobody()
    return row["id"]


async def find_row(conn: Connection, kind: str, value: str) -> UUID | None:
    """The contact's row that a number is written in, merged or not; None = no number of ours."""
    row = await fetch_one(conn, QUERIES["find_row"], phone=value) if kind == "phone" else None
    return row["id"] if row else None
