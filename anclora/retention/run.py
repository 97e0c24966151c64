"""Archiving one month: written, sent, brought back, compared, and only then dropped.

A process that dies at any point leaves the month in the ledger; the next time writes the same files again.
"""

import asyncio
from collections.abc import Sequence

import msgspec
import psycopg

from anclora import __version__
from anclora.backups.folder import free_bytes
from anclora.backups.postgres import connected
from anclora.backups.scratch import scratch_folder
from anclora.kit.errors import AncloraError, SetupError, UnavailableError
from anclora.retention.drop import drop, kept_error
from anclora.retention.export import Exported, export
from anclora.retention.house import House
from anclora.retention.model import Archived, File, Manifest, Month, Round, Stayed, Step, no_step
from anclora.retention.plan import QUERIES, kept, months
from anclora.retention.rules import key_of, manifest_key, past
from anclora.retention.verify import verify
from anclora.storage.database import Connection, fetch_one


async def archive_due(house: House, *, actor: str, most: int | None = None, step: Step = no_step) -> Round:
    """Archive every month that is past its days, the oldest first; one that stays keeps no other.

    Args:
        house: the ledger and the target.
        actor: for the audit trail.
        most: so many months and no more; None = all.
        step: told of progress.

    Raises:
        UnavailableError: the ledger does not answer. What else keeps a month is said of that month.
    """
    gone: list[Archived] = []
    stayed: list[Stayed] = []
    conn = await connected(house.database_url)
    try:
        row = await fetch_one(conn, QUERIES["be_alone"])
        if not (row and row["alone"]):
            return Round(alone=False, gone=[], stayed=[])
        now = house.clock.now()
        for month in past(await months(conn), now, days=house.settings.retention_days)[:most]:
            try:
                gone.append(await _archive(house, conn, month, actor, step))
            except AncloraError as error:
                stayed.append(Stayed(month=month.name, code=error.code, words=error.detail))
    except psycopg.Error as error:
        words = " ".join(str(error).split())[:300]
        raise UnavailableError(f"The ledger does not answer: {words}", code="database_unavailable") from error
    finally:
        await conn.close()
    return Round(alone=True, gone=gone, stayed=stayed)


async def _archive(house: House, conn: Connection, month: Month, actor: str, step: Step) -> Archived:
    if refusals := await kept(conn, month):
        raise kept_error(month, [refusal.words for refusal in refusals])
    await _room(house, conn, month)
    with scratch_folder(house.spool) as folder:
        exported, facts = await asyncio.to_thread(export, house.database_url, month, folder, step)
        files = await asyncio.to_thread(_proved, house, month, exported, step)
        await drop(conn, month, exported, files, facts, place=house.target.place, actor=actor)
    return Archived(month=month.name, place=house.target.place, dropped_at=house.clock.now(), files=files)


def _proved(house: House, month: Month, exported: Sequence[Exported], step: Step) -> list[File]:
    """Send what was exported, and bring it back; the manifest comes last."""
    files: list[File] = []
    for each in exported:
        key = key_of(month, each.table, each.print)
        size = each.file.stat().st_size
        step(f"{each.table}: send", 0, None)
        house.target.put(key, each.file, count=lambda _: None)
        verify(house.target, key, each, step)
        files.append(File(table=each.table, key=key, rows=each.print.rows, hash=each.print.hash, bytes=size))
    manifest = Manifest(month=month.name, verified_at=house.clock.now(), program=__version__, files=files)
    written = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    house.target.write(manifest_key([file.key for file in files]), written)
    return files


async def _room(house: House, conn: Connection, month: Month) -> None:
    """Two files at once lie here: what was written, and what was brought back."""
    needed = 0
    for name in month.partitions.values():
        row = await fetch_one(conn, QUERIES["size"], table=name)
        needed += int(row["bytes"]) if row else 0
    if (free := free_bytes(house.spool)) < 2 * needed:
        raise SetupError(
            f"To archive {month.name} takes up to {2 * needed:,} bytes in {house.spool}, and {free:,} are free. "
            "Make room, or set ANCLORA_DATA_DIR to a larger disk."
        )
