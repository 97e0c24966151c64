"""Sealing: committed facts get their place in the chain, in the background, so that no change waits for another.

A fact whose transaction ends late gets a later place than its id would say: the chain is in the order of sealing.
"""

from anclora.audit.chain import GENESIS, Head, link
from anclora.audit.trail import QUERIES, Entry
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.storage.database import Database, fetch_all

log = get_logger(__name__)
_SLICE = 1_000


class Sealer(Loop):
    """Seals what is new; one process at a time. Each head goes to the log, which leaves this machine."""

    name = "audit_seal"
    every_seconds = 30.0

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db

    async def run_once(self) -> bool:
        """One slice; True = there may be more."""
        async with self._db.transaction() as conn:
            [lock] = await fetch_all(conn, QUERIES["lock_chain"])
            if not lock["ours"]:
                return False
            found = [Entry(**row) for row in await fetch_all(conn, QUERIES["unsealed"], limit=_SLICE)]
            if not found:
                return False
            last = await fetch_all(conn, QUERIES["chain_head"])
            place, before = (last[0]["place"], bytes(last[0]["hash"])) if last else (0, GENESIS)
            hashes: list[bytes] = []
            for entry in found:
                before = link(before, entry)
                hashes.append(before)
            places = list(range(place + 1, place + 1 + len(found)))
            seals = {"ids": [entry.id for entry in found], "places": places, "hashes": hashes}
            await conn.execute(QUERIES["seal"], seals)
        log.info("audit_sealed", facts=len(found), head=str(Head(places[-1], before.hex())))
        return len(found) == _SLICE
