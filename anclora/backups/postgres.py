"""Postgres: a dump and its fingerprints of one and the same moment, and the way back into an empty database."""

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.conninfo import make_conninfo

from anclora.backups.errors import FailedError
from anclora.backups.model import Captured, Print, Step
from anclora.backups.prints import PLAIN, QUERIES, postgres_prints
from anclora.backups.programs import find_program, running
from anclora.backups.seal import Sealer
from anclora.kit.errors import UnavailableError
from anclora.storage.database import Connection, fetch_one

_PIECE_BYTES = 1 << 20
_CONNECT_SECONDS = 10
# What Prisma, which Evolution connects with, writes into its addresses and libpq does not know.
_PRISMAS = frozenset(
    ("schema", "connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "statement_cache_size")
)


def plain_url(url: str) -> str:
    """The address of a database without the words only Prisma knows."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in _PRISMAS]
    return urlunsplit(parts._replace(query=urlencode(query)))


async def connected(url: str) -> Connection:
    """A connection whose texts are the same everywhere, and which no server ends for being idle.

    Raises:
        UnavailableError: the server does not answer, or refuses us.
    """
    options = " ".join(f"-c {name}={value}" for name, value in PLAIN.items())
    try:
        return await AsyncConnection.connect(
            make_conninfo(url, options=options, connect_timeout=_CONNECT_SECONDS, application_name="anclora-backup"),
            autocommit=True,
        )
    except psycopg.Error as error:
        words = " ".join(str(error).split())[:300]
        raise UnavailableError(f"The database cannot be reached: {words}", code="database_unavailable") from error


async def capture(url: str, sealer: Sealer, step: Step) -> Captured:
    """Dump a database into a sealer, nobody kept waiting; fingerprints of the very same moment.

    Raises:
        FailedError: pg_dump failed, or a table went away meanwhile.
        SetupError: there is no pg_dump for that server.
        UnavailableError: the server does not answer.
    """
    connection = await connected(url)
    try:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        async with connection.transaction():
            about = await fetch_one(connection, QUERIES["about_server"])
            exported = await fetch_one(connection, QUERIES["export_snapshot"])
            if about is None or exported is None:
                raise AssertionError
            revision = await fetch_one(connection, QUERIES["revision"]) if about["migrated"] else None
            step("count rows", 0, None)
            prints = await postgres_prints(connection)
            await _dump(url, int(about["major"]), str(exported["snapshot"]), sealer, step)
        return Captured(
            made_at=about["at"],
            server=str(about["version"]).split()[0],
            revision=str(revision["version_num"]) if revision else "",
            unpacked_bytes=int(about["bytes"]),
            prints=prints,
        )
    except psycopg.Error as error:
        raise FailedError(f"The database could not be read: {' '.join(str(error).split())[:300]}") from error
    finally:
        await connection.close()


async def _dump(url: str, major: int, snapshot: str, sealer: Sealer, step: Step) -> None:
    program = await asyncio.to_thread(find_program, "pg_dump", server_major=major)
    words = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
    async with running(program, url, *words) as dump:
        if dump.process.stdout is None:
            raise AssertionError
        while data := await dump.process.stdout.read(_PIECE_BYTES):
            await asyncio.to_thread(sealer.write, data)
            step("dump", sealer.plain_bytes, None)
        await dump.ended()


async def load(url: str, pieces: Iterator[bytes], step: Step, whole: int) -> None:
    """Restore a dump into an empty database, all of it or nothing.

    Args:
        url: of the database.
        pieces: the dump; proved while it is read.
        step: told of progress.
        whole: bytes of the dump.

    Raises:
        FailedError: pg_restore failed; the database is empty again.
        SetupError: there is no pg_restore for that server.
    """
    connection = await connected(url)
    try:
        about = await fetch_one(connection, QUERIES["about_server"])
    finally:
        await connection.close()
    major = int(about["major"]) if about else 0
    program = await asyncio.to_thread(find_program, "pg_restore", server_major=major, exact_before_17=True)
    words = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    async with running(program, url, *words) as restore:
        if restore.process.stdin is None:
            raise AssertionError
        done = 0
        try:
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                restore.process.stdin.write(piece)
                await restore.process.stdin.drain()
                done += len(piece)
                step("restore", done, whole)
            restore.process.stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it ended early and says why
        await restore.ended()


async def prints_of(url: str) -> dict[str, Print]:
    """The fingerprints of a database as it is now."""
    connection = await connected(url)
    try:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        async with connection.transaction():
            return await postgres_prints(connection)
    except psycopg.Error as error:
        raise FailedError(f"The database could not be read: {' '.join(str(error).split())[:300]}") from error
    finally:
        await connection.close()
