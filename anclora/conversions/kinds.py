"""The kinds of conversions: four that everybody has, and your own."""

import re
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from anclora.audit import record as audit
from anclora.conversions.model import Desk
from anclora.conversions.record import QUERIES
from anclora.kit.errors import ConflictError, InvalidError
from anclora.storage.database import Database, fetch_one

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class KindWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of your own, such as `viewing`.

    Attributes:
        name: lower-case letters, digits and `_`, up to 40.
        meaning: for whoever reads the figures.
        revenue: whether its value is revenue; cannot be changed later.
    """

    name: str
    meaning: Annotated[str, Meta(max_length=200)] = ""
    revenue: bool = False


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind."""

    name: str
    meaning: str
    revenue: bool
    created_at: datetime


async def set_kind(db: Database, wish: KindWish, desk: Desk) -> list[Kind]:
    """Make a kind, or say anew what one means; every kind.

    Raises:
        InvalidError: the name cannot be one.
        ConflictError: it is there, and its value is counted the other way.
    """
    if not _NAME.fullmatch(wish.name) or "\0" in wish.meaning:
        raise InvalidError(
            "A kind is named by up to 40 lower-case letters, digits and _, a letter first.", code="invalid_kind"
        )
    fields = {name: getattr(wish, name) for name in KindWish.__struct_fields__}
    async with db.transaction() as conn:
        row = await fetch_one(conn, QUERIES["set_kind"], now=desk.now, **fields)
        if row is None:
            raise ConflictError(
                f"{wish.name} is there, and whether its value is revenue cannot be changed: figures of the past would.",
                code="kind_taken",
            )
        detail = {"meaning": wish.meaning, "revenue": wish.revenue}
        await audit(conn, actor=desk.actor, action="conversion.kind", subject=f"kind:{wish.name}", detail=detail)
    return await find_kinds(db)


async def find_kinds(db: Database) -> list[Kind]:
    """Every kind."""
    return [Kind(**row) for row in await db.fetch_all(QUERIES["find_kinds"])]
