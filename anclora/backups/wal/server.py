"""The server whose log is kept: what it says of it, and the slot behind which it keeps what was not shipped yet."""

import contextlib
import re
from datetime import datetime

import msgspec
import psycopg

from anclora.backups.errors import FailedError
from anclora.backups.postgres import connected
from anclora.kit.errors import SetupError
from anclora.storage.database import Connection, fetch_one
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
MAJOR = 18  # of the packaged Postgres, with which a recovery is made
_NOT_A_NAME = re.compile(r"[^a-z0-9_]")
_NAME_CHARS = 63


class NotKeptError(SetupError):
    """Of this server no moments can be kept."""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """A log as its server tells of it; `segment` is the present one."""

    major: int
    system: str
    segment_bytes: int
    timeline: int
    segment: str
    level: str
    may: bool
    database: str
    at: datetime
    version: str


async def look_at_log(conn: Connection) -> Log:
    """The log of a server.

    Raises:
        NotKeptError: no moments can be kept of this server; the sentence says why.
    """
    row = await fetch_one(conn, QUERIES["about_log"])
    log = msgspec.convert(dict(row or {}), Log)
    why = ""
    if log.major != MAJOR:
        why = f"it is PostgreSQL {log.major}, and recoveries are made with {MAJOR}"
    elif log.level == "minimal":
        why = "its wal_level is minimal"
    elif not log.may:
        why = "our role needs: alter role … replication; grant execute on function pg_switch_wal to …"
    if why:
        raise NotKeptError(
            f"Of this Postgres only whole backups are kept, not any moment: {why}. Mend that, or say that it is meant: "
            "ANCLORA_BACKUP_WAL_SECONDS=0."
        )
    return log


def slot_of(database: str) -> str:
    """The name of the slot of a ledger."""
    return f"anclora_{_NOT_A_NAME.sub('_', database.lower())}"[:_NAME_CHARS]


async def hold_slot(conn: Connection, slot: str) -> str:
    """Have the server keep its log for us; where what was not shipped begins. One that lost some begins anew.

    One after the other: who ships the log and who copies files both come here when a program starts, and a slot that
    somebody is only just making looks like one that is lost.
    """
    await conn.execute(QUERIES["wait_for_slot"])
    try:
        return await _held(conn, slot)
    finally:
        with contextlib.suppress(psycopg.Error):  # it ends with the connection too
            await conn.execute(QUERIES["leave_slot"])


async def _held(conn: Connection, slot: str) -> str:
    row = await fetch_one(conn, QUERIES["find_slot"], slot=slot)
    if row is not None and row["lost"]:
        await conn.execute(QUERIES["drop_slot"], {"slot": slot})
        row = None
    if row is None:
        await conn.execute(QUERIES["make_slot"], {"slot": slot})
        row = await fetch_one(conn, QUERIES["find_slot"], slot=slot)
    if row is None:
        raise FailedError("The server did not make a replication slot. See its log.")
    return str(row["begins"])


async def let_go(url: str) -> None:
    """Have the server throw its log away again where nobody has shipped it for a day."""
    conn = await connected(url)
    try:
        row = await fetch_one(conn, QUERIES["about_server"])
        if row is not None and row["major"] == MAJOR:
            await conn.execute(QUERIES["drop_unused_slot"], {"slot": slot_of(str(row["database"]))})
    finally:
        await conn.close()
