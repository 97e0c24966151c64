"""What becomes of the messages of a class in doubt: a row each, changed while everything runs."""

from typing import Literal

import msgspec

from anclora.audit import record
from anclora.messages.model import MessageClass
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
WhenUnknown = Literal["hold", "resend"]


class ClassView(msgspec.Struct, frozen=True, kw_only=True):
    """A class of messages.

    Attributes:
        unknown: what becomes of one whose outcome nothing proved in time: `hold` = a person decides; `resend` = it is
            sent again, and may then arrive twice.
    """

    name: MessageClass
    unknown: WhenUnknown


class ClassChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change.

    Attributes:
        unknown: `hold` or `resend`, for messages whose deadline is still to come.
    """

    unknown: WhenUnknown


async def read_classes(db: Database) -> list[ClassView]:
    """Every class, in the order of its priority."""
    rows = {row["class"]: row["unknown"] for row in await db.fetch_all(QUERIES["read_classes"])}
    return [ClassView(name=name, unknown=rows[name]) for name in MessageClass]


async def change_class(db: Database, name: MessageClass, change: ClassChange, *, actor: str) -> ClassView:
    """Store a change; it counts from the next look at the doubts on."""
    async with db.transaction() as conn:
        await conn.execute(QUERIES["write_class"], {"class": name, "unknown": change.unknown})
        await record(conn, actor=actor, action="class.change", subject=name, detail={"unknown": change.unknown})
    return ClassView(name=name, unknown=change.unknown)
