"""Dropping a month, in one transaction with what is remembered of it, and only as it was archived.

Those who write to the month's rows wait meanwhile; who is in the way makes it give up after a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from anclora.audit import record
from anclora.kit.errors import UnavailableError
from anclora.retention.errors import ChangedError, KeptError
from anclora.retention.export import Exported, version_query
from anclora.retention.model import File, Month
from anclora.retention.plan import QUERIES, kept
from anclora.storage.database import Connection, execute
from anclora.storage.partitions import drop_these

_LOCK_WAIT = "1s"
_FACTS = ("at", "instance", "campaign", "template", "class", "what", "cause", "n")


async def drop(
    conn: Connection,
    month: Month,
    exported: Sequence[Exported],
    files: Sequence[File],
    facts: Sequence[Mapping[str, Any]],
    *,
    place: str,
    actor: str,
) -> None:
    """Drop the partitions that were exported.

    Args:
        conn: in autocommit.
        month: whose they are.
        exported: what was written, and as what version of the rows.
        files: where it lies, proved.
        facts: what figures count of the month's messages.
        place: of the target.
        actor: for the audit trail.

    Raises:
        ChangedError: a row changed since the export.
        KeptError: something needs a row by now.
        UnavailableError: somebody reads or writes there.
    """
    try:
        async with conn.transaction():
            await conn.execute("select set_config('lock_timeout', %s, true)", [_LOCK_WAIT])
            for each in exported:
                name = sql.Identifier(each.partition)
                await conn.execute(sql.SQL("lock table only {} in share mode").format(name))
            for each in exported:
                await _unchanged(conn, each)
            if refusals := await kept(conn, month):
                raise kept_error(month, [refusal.words for refusal in refusals])
            await _remember(conn, month, files, facts, place=place)
            detail = {"rows": {each.table: each.rows for each in files}, "place": place}
            await record(conn, actor=actor, action="retention.drop", subject=month.name, detail=detail)
            await drop_these(conn, [each.partition for each in exported])
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
        raise UnavailableError(
            f"Somebody works on {month.name}. Nothing was dropped; try again.", code="retention_busy"
        ) from error


def kept_error(month: Month, words: Sequence[str]) -> KeptError:
    """The sentences of what keeps a month."""
    return KeptError(f"{month.name} stays. {' '.join(words)}", extra={"month": month.name, "why": list(words)})


async def _unchanged(conn: Connection, exported: Exported) -> None:
    row = await (await conn.execute(version_query(exported.partition))).fetchone()
    if row is None or row[0] != exported.version:
        raise ChangedError(
            f"Rows of {exported.partition} changed while they were archived. Nothing was dropped; "
            "archive it again: anclora retention run"
        )


async def _remember(
    conn: Connection, month: Month, files: Sequence[File], facts: Sequence[Mapping[str, Any]], *, place: str
) -> None:
    await execute(conn, QUERIES["forget_facts"], month=month.first)
    columns = {name: [row[name] for row in facts] for name in _FACTS}
    await execute(conn, QUERIES["keep_facts"], month=month.first, **columns)
    for file in files:
        await execute(
            conn,
            QUERIES["keep_archive"],
            month=month.first,
            table=file.table,
            place=place,
            key=file.key,
            rows=file.rows,
            hash=file.hash,
            bytes=file.bytes,
        )
