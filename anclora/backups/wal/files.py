"""Every file of Postgres, as `pg_basebackup` streams them: what the log goes on from."""

import asyncio

import psycopg

from anclora.backups.errors import FailedError
from anclora.backups.model import Captured, Origin, Step
from anclora.backups.postgres import connected
from anclora.backups.programs import find_program, running
from anclora.backups.seal import Sealed, Sealer
from anclora.backups.wal.gzip import Packer
from anclora.backups.wal.server import QUERIES, hold_slot, look_at_log, slot_of
from anclora.storage.database import fetch_one

_PIECE_BYTES = 1 << 20


async def capture(url: str, sealer: Sealer, step: Step) -> tuple[Captured, Sealed]:
    """Pack a base backup into a sealer, nobody kept waiting. The log it needs is kept by the server from before it.

    Raises:
        SetupError: no moments can be kept of this server, or a program is missing.
        FailedError: pg_basebackup failed.
        UnavailableError: the server does not answer.
    """
    conn = await connected(url)
    try:
        log = await look_at_log(conn)
        await hold_slot(conn, slot_of(log.database))
        revision = await fetch_one(conn, QUERIES["newest_revision"])
        program = await asyncio.to_thread(find_program, "pg_basebackup", server_major=log.major)
        packer = Packer(sealer)
        words = ("--pgdata=-", "--format=tar", "--wal-method=none", "--checkpoint=fast", "--no-password")
        async with running(program, url, *words) as base:
            if base.process.stdout is None:
                raise AssertionError
            while data := await base.process.stdout.read(_PIECE_BYTES):
                await asyncio.to_thread(packer.write, data)
                step("copy files", packer.taken_bytes, None)
            await base.ended()
        ended = await fetch_one(conn, QUERIES["read_clock"])
        sealed = await asyncio.to_thread(packer.finish)
    except psycopg.Error as error:
        raise FailedError(f"The database could not be read: {' '.join(str(error).split())[:300]}") from error
    finally:
        await conn.close()
    if ended is None or revision is None:
        raise AssertionError
    origin = Origin(
        system=log.system,
        timeline=log.timeline,
        begins=log.segment,
        segment_bytes=log.segment_bytes,
        database=log.database,
    )
    return Captured(
        made_at=ended["at"],
        server=log.version.split()[0],
        revision=str(revision["revision"]),
        unpacked_bytes=packer.taken_bytes,
        origin=origin,
    ), sealed
