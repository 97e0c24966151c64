"""Two contacts become one, by evidence or by hand. Nothing is thrown away: `split` takes it back."""

from uuid import UUID

from psycopg.types.json import Jsonb

from anclora.audit import record
from anclora.contacts.model import Contact
from anclora.contacts.show import QUERIES, find_root, show
from anclora.kit.errors import InvalidError
from anclora.kit.ids import new_id
from anclora.kit.logging import get_logger
from anclora.storage.database import Connection, Database, fetch_all

log = get_logger(__name__)


async def merge(db: Database, one: str, other: str, *, actor: str) -> Contact:
    """Say that two addresses (`kind:value`, or digits of a phone) are one person's.

    Raises:
        NotFoundError: one of them is nobody's.
        InvalidError: they are one already.
    """
    async with db.transaction() as conn:
        await conn.execute(QUERIES["lock_addresses"])
        first, second = await find_root(conn, one), await find_root(conn, other)
        if first == second:
            raise InvalidError("These two are one contact already.", code="same_contact")
        winner = await join(conn, first, second, evidence="said by a person", actor=actor)
        loser = second if winner == first else first
        detail = {"with": str(loser)}
        await record(conn, actor=actor, action="contact.merge", subject=f"contact:{winner}", detail=detail)
    return await show(db, one)


async def join(conn: Connection, one: UUID, other: UUID, *, evidence: str, actor: str) -> UUID:
    """Make two contacts one, inside the caller's transaction, which holds the lock of addresses; who is left.

    The one with a number stays, the older of two. What was known of either is known of both, an opt-out above all.
    """
    rows = {row["id"]: row for row in await fetch_all(conn, QUERIES["lock_pair"], ids=[one, other])}
    winner, loser = sorted((one, other), key=lambda each: (rows[each]["phone"] is None, each))
    before = rows[loser]
    moved = await (await conn.execute(QUERIES["move_addresses"], {"winner": winner, "loser": loser})).fetchall()
    pointed = await (await conn.execute(QUERIES["point_at"], {"winner": winner, "loser": loser})).fetchall()
    facts = {name: before[name] for name in ("opted_out_at", "opt_out_reason", "last_inbound_at", "zone", "name")}
    for source in (facts, {name: rows[winner][name] for name in facts}):
        await conn.execute(QUERIES["share_facts"], {**source, "winner": winner})
    what = {
        "addresses": [f"{kind}:{value}" for kind, value in moved],
        "contacts": sorted(str(row[0]) for row in pointed),
        "opted_out_at": {
            "winner": _text(rows[winner]["opted_out_at"]),
            "loser": _text(before["opted_out_at"]),
        },
    }
    row = {"id": new_id(), "actor": actor, "winner": winner, "loser": loser, "evidence": evidence, "moved": Jsonb(what)}
    await conn.execute(QUERIES["store_merge"], row)
    log.info("contacts_merged", winner=str(winner), loser=str(loser), evidence=evidence)
    return winner


def _text(moment: object) -> str | None:
    return None if moment is None else str(moment)
