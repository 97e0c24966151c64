"""Taking a merge back, or an address away from a contact it is not of. No evidence joins them again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from anclora.audit import record
from anclora.contacts.model import Contact
from anclora.contacts.show import QUERIES, address_of, find_root, find_row, show
from anclora.kit.errors import InvalidError
from anclora.kit.ids import new_id
from anclora.storage.database import Connection, Database, fetch_all, fetch_one


async def split(db: Database, address: str, *, actor: str) -> Contact:
    """Make an address (`kind:value`, or digits of a phone) somebody else's than it is.

    When a merge brought it, that merge is undone: everything it moved goes back. Otherwise it becomes a contact of its
    own.

    Raises:
        NotFoundError: it is nobody's.
        InvalidError: it is the only address of its contact.
    """
    kind, value = address_of(address)
    async with db.transaction() as conn:
        await conn.execute(QUERIES["lock_addresses"])
        root = await find_root(conn, address)
        row = await find_row(conn, kind, value)
        wanted = {"winner": root, "loser": row, "address": Jsonb([f"{kind}:{value}"])}
        merged = await fetch_one(conn, QUERIES["last_merge"], **wanted)
        new = await (_undo(conn, merged) if merged else _alone(conn, root, kind, value))
        detail = {"from": str(root), "merge": str(merged["id"]) if merged else None}
        await record(conn, actor=actor, action="contact.split", subject=f"contact:{new}", detail=detail)
    return await show(db, address)


async def _undo(conn: Connection, merged: Mapping[str, Any]) -> UUID:
    winner, loser, moved = merged["winner"], merged["loser"], merged["moved"]
    pairs = [each.split(":", 1) for each in moved["addresses"]]
    kinds, values = [kind for kind, _ in pairs], [value for _, value in pairs]
    await conn.execute(QUERIES["give_addresses_back"], {"contact_id": loser, "kinds": kinds, "values": values})
    await conn.execute(QUERIES["restore_contacts"], {"loser": loser, "ids": moved["contacts"]})
    before = moved["opted_out_at"]
    left = [row["id"] for row in await fetch_all(conn, QUERIES["read_members"], contact_id=winner)]
    for copied, at in (
        (left, before["loser"] if before["winner"] is None else None),
        (moved["contacts"], before["winner"] if before["loser"] is None else None),
    ):
        if at is not None:
            await conn.execute(QUERIES["restore_opt_out"], {"ids": copied, "copied": datetime.fromisoformat(at)})
    await conn.execute(QUERIES["end_merge"], {"id": merged["id"]})
    return loser


async def _alone(conn: Connection, root: UUID, kind: str, value: str) -> UUID:
    found = await fetch_all(conn, QUERIES["read_addresses"], contact_id=root)
    if not any((row["kind"], row["value"]) != (kind, value) for row in found):
        raise InvalidError("This is the only address of its contact.", code="only_address")
    if kind == "phone":
        raise InvalidError(
            "The contact is known by this number first. Split the other addresses from it instead.", code="first_number"
        )
    lone = new_id()
    await conn.execute(QUERIES["make_contacts"], {"ids": [lone], "phones": [None]})
    row = {"kind": kind, "value": value, "contact_id": lone, "evidence": "split by a person"}
    await conn.execute(QUERIES["pin_alone"], row)
    return lone
