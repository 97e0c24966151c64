"""A restored ledger is made safe to start upon: its lanes are rebuilt, and all is paused until somebody looked."""

import asyncio
from datetime import datetime

from anclora.audit import record
from anclora.backups.house import House
from anclora.backups.model import Manifest
from anclora.backups.prints import QUERIES
from anclora.messages.gates import GateChoice, pause
from anclora.storage.database import Database, fetch_one, open_pool
from anclora.storage.migrate import migrate


async def begin_anew(house: House, url: str, manifest: Manifest, of: datetime, *, send: bool) -> int:
    """Make a restored ledger safe to start upon; how many messages it holds as not sent."""
    await asyncio.to_thread(migrate, url)
    db = Database(await open_pool(url, application_name="anclora-backup"))
    try:
        async with db.transaction() as conn:
            await conn.execute(QUERIES["begin_anew"])
            detail = {"backup": manifest.name, "made_at": of.isoformat()}
            await record(conn, actor=house.actor, action="backup.restore", subject="ledger", detail=detail)
            row = await fetch_one(conn, QUERIES["count_pending"])
        if not send:
            why = f"restored from {manifest.name}: look, then resume"
            await pause(db, GateChoice(everything=True, why=why), actor=house.actor)
    finally:
        await db.close()
    return int(row["n"]) if row else 0
