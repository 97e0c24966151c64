"""One round of shipping the log.

The present segment is closed, what was not shipped yet is fetched from the server by `pg_receivewal`, packed, encrypted
and brought to its place; only then may the server let go of it.

What was not shipped is kept by the server, behind a slot, so nothing depends on this machine: a round that dies begins
again where the last whole one ended.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg

from anclora.backups.errors import FailedError
from anclora.backups.house import House
from anclora.backups.model import Kind
from anclora.backups.postgres import connected
from anclora.backups.programs import find_program, running
from anclora.backups.run import url_of
from anclora.backups.scratch import scratch_folder
from anclora.backups.seal import Sealer
from anclora.backups.wal.gzip import Packer
from anclora.backups.wal.rules import after, key_of, last_byte, segment_at
from anclora.backups.wal.server import QUERIES, Log, hold_slot, look_at_log, slot_of
from anclora.kit.ids import new_id
from anclora.storage.database import fetch_one

_AT_ONCE = 64
_SECONDS = 600.0
_NAME = re.compile(r"[0-9A-F]{24}")


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """What a round brought away: names, and the moment any earlier one of which can be recovered; None = not yet."""

    segments: Sequence[str]
    until: datetime | None


async def ship(house: House) -> Shipped:
    """Close the present segment and bring away everything up to it, within a bound of segments.

    Raises:
        SetupError: this server's log cannot be had, or a program is missing.
        FailedError: pg_receivewal failed.
        UnavailableError: the server or the target does not answer; the next round begins where this one did.
    """
    url = url_of(house, Kind.POSTGRES)
    conn = await connected(url)
    try:
        log = await look_at_log(conn)
        slot = slot_of(log.database)
        begins = await hold_slot(conn, slot)
        row = await fetch_one(conn, QUERIES["read_clock"])
        await conn.execute(QUERIES["mark"])
        switched = await fetch_one(conn, QUERIES["switch"])
        if row is None or switched is None:
            raise AssertionError
        whole = last_byte(str(switched["position"]), log.segment_bytes)
        ends = last_byte(str(switched["position"]), log.segment_bytes, at_most_from=begins, segments=_AT_ONCE)
        until = row["at"] if ends == whole else None
        with scratch_folder(house.spool) as folder:
            await _receive(url, log, slot, folder, ends)
            last = segment_at(log.timeline, ends, log.segment_bytes)
            names = await asyncio.to_thread(_put_all, house, log, folder, last, until)
        await conn.execute(QUERIES["advance_slot"], {"slot": slot, "position": after(ends)})
        return Shipped(segments=names, until=until)
    except psycopg.Error as error:
        raise FailedError(f"The log could not be read: {' '.join(str(error).split())[:300]}") from error
    finally:
        await conn.close()


async def _receive(url: str, log: Log, slot: str, folder: Path, ends: str) -> None:
    program = await asyncio.to_thread(find_program, "pg_receivewal", server_major=log.major)
    words = ("--directory", str(folder), "--slot", slot, "--no-loop", "--no-password", "--status-interval=0")
    try:
        async with asyncio.timeout(_SECONDS), running(program, url, *words, f"--endpos={ends}") as receiver:
            await receiver.ended()
    except TimeoutError as error:
        raise FailedError(f"pg_receivewal did not end within {_SECONDS:.0f} s. See the log of Postgres.") from error


def _put_all(house: House, log: Log, folder: Path, last: str, until: datetime | None) -> Sequence[str]:
    """Ship what was received, the one with the moment last of all."""
    names = sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.name <= last)
    if not names or names[-1] != last:
        raise FailedError(f"The server did not send the segment {last}. See its log; it is tried again.")
    for path in sorted(folder.glob("*.history")):
        _put(house, path, key_of(log.system, path.name))
    for name in names:
        _put(house, folder / name, key_of(log.system, name, until if name == last else None))
    return names


def _put(house: House, path: Path, key: str) -> None:
    half = house.spool / f"{new_id().hex}.enc"
    try:
        with (
            path.open("rb") as source,
            os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
        ):
            packer = Packer(Sealer(out, house.keyring().current))
            while data := source.read(1 << 20):
                packer.write(data)
            packer.finish()
        house.target.put(key, half, count=lambda _: None)
    except OSError as error:
        raise FailedError(f"{house.spool}, where the log waits, cannot be used: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
