"""Opting out and in again: idempotent, and audited when something changed."""

from anclora.audit import record
from anclora.contacts.model import Contact
from anclora.contacts.show import QUERIES, show
from anclora.kit.errors import InvalidError
from anclora.kit.ids import new_id
from anclora.storage.database import Database, execute, fetch_one

_REASON_CHARS = 200


async def opt_out(db: Database, phone: str, reason: str | None = None, *, actor: str) -> Contact:
    """Send nothing more to this number (digits, see `phone_digits`), known so far or not.

    Messages that wait become `blocked` when their turn comes; what is being sent already is not called back.

    Raises:
        InvalidError: the reason cannot be stored.
    """
    if reason is not None and (len(reason) > _REASON_CHARS or not reason.isprintable()):
        raise InvalidError(
            f"reason may have {_REASON_CHARS} characters in one line, all of them printable.", code="invalid_text"
        )
    async with db.transaction() as conn:
        await execute(conn, QUERIES["ensure_contact"], id=new_id(), phone=phone)
        row = await fetch_one(conn, QUERIES["opt_out"], phone=phone, reason=reason)
        if row is not None:
            subject = f"contact:{row['id']}"
            await record(conn, actor=actor, action="contact.opt_out", subject=subject, detail={"reason": reason})
    return await show(db, phone)


async def opt_in(db: Database, phone: str, *, actor: str) -> Contact:
    """Allow sending to this number again.

    Raises:
        NotFoundError: nobody with this number is known, so there is nothing to take back.
    """
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["opt_in"], phone=phone)
        if row is not None:
            await record(conn, actor=actor, action="contact.opt_in", subject=f"contact:{row['id']}")
    return await show(db, phone)
