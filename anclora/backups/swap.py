"""Putting a restored database in the place of another: made beside it, and renamed in one transaction when it is whole.

Nothing is ever written into what is there, and it is not thrown away: it stays on the server under another name.
"""

import contextlib
from collections.abc import AsyncGenerator
from typing import LiteralString

import msgspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from anclora.backups.errors import FailedError, RefusedError
from anclora.backups.postgres import connected
from anclora.backups.prints import QUERIES
from anclora.kit.clock import Clock
from anclora.kit.errors import InvalidError, SetupError, UnavailableError
from anclora.kit.ids import new_id
from anclora.storage.database import Connection, fetch_one

_NAME_CHARS = 63  # Postgres cuts longer names off


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A database a backup is restored in the place of.

    Attributes:
        url: its address.
        name: of the database.
        owner: None = there is no such database yet.
        tables: how many it has.
    """

    url: str
    name: str
    owner: str | None
    tables: int


async def look_at(url: str) -> Place:
    """Look at the place; nothing is touched.

    Raises:
        InvalidError: the address names no database.
        RefusedError: somebody is using it.
        SetupError: we may not make databases there.
        UnavailableError: the server does not answer.
    """
    try:
        name = str(conninfo_to_dict(url).get("dbname") or "")
    except psycopg.ProgrammingError:
        name = ""
    if not name:
        raise InvalidError("The address names no database: postgresql://user:password@host/NAME.", code="invalid_url")
    admin = await _admin(url)
    try:
        may = await fetch_one(admin, QUERIES["may_create"])
        if may is None or not may["yes"]:
            role = may["role"] if may else "this role"
            raise SetupError(
                f"To restore, the role {role} must be allowed to make databases: alter role {role} createdb. "
                "Or name another role with --into."
            )
        found = await fetch_one(admin, QUERIES["about_database"], name=name)
    finally:
        await admin.close()
    if found is None:
        return Place(url=url, name=name, owner=None, tables=0)
    if found["sessions"]:
        raise RefusedError(
            f"{found['sessions']} sessions are using the database {name}. Stop every process of Anclora, "
            "then try again."
        )
    return Place(url=url, name=name, owner=str(found["owner"]), tables=await _tables(url))


def admit(place: Place, confirmed: str | None) -> None:
    """Let a restore go on only where it replaces nothing, or somebody typed what it replaces.

    Raises:
        RefusedError: nobody did.
    """
    if place.tables and confirmed != place.name:
        raise RefusedError(
            f"The database {place.name} has {place.tables} tables. To put the backup in its place, say its name: "
            f"--confirm {place.name}. What is there is kept under another name. Or restore elsewhere, with --into.",
            extra={"confirm": place.name},
        )


@contextlib.asynccontextmanager
async def beside(place: Place, clock: Clock) -> AsyncGenerator["Beside", None]:
    """An empty database beside the place; left without `take_over` it is removed. Raises as `look_at`."""
    admin = await _admin(place.url)
    name = f"{place.name[:20]}_restoring_{new_id().hex}"[:_NAME_CHARS]
    try:
        await _run(admin, "create database {} template template0 encoding 'UTF8'", name)
        made = Beside(admin, place, name, clock)
        try:
            yield made
        finally:
            if not made.taken:
                await _run(admin, "drop database if exists {}", name)
    finally:
        await admin.close()


class Beside:
    """The database a backup is restored into first.

    Attributes:
        url: its address.
        taken: it is in the place now.
    """

    def __init__(self, admin: Connection, place: Place, name: str, clock: Clock) -> None:
        self._admin = admin
        self._place = place
        self._name = name
        self._clock = clock
        self.url = with_database(place.url, name)
        self.taken = False

    async def take_over(self) -> str | None:
        """Rename, in one transaction; the name under which what was there is kept, None = there was nothing.

        Raises:
            FailedError: somebody came to use it meanwhile, or it is not ours to rename; everything is as it was.
        """
        place = self._place
        kept = f"{place.name[:30]}_before_{self._clock.now():%Y%m%dt%H%M%S}"[:_NAME_CHARS]
        try:
            async with self._admin.transaction():
                if place.owner is not None:
                    await _execute(self._admin, "alter database {} rename to {}", place.name, kept)
                await _execute(self._admin, "alter database {} rename to {}", self._name, place.name)
        except psycopg.Error as error:
            raise FailedError(
                f"The restored database could not take the place of {place.name}: {' '.join(str(error).split())[:200]}"
                ". "
                "Everything is as it was. Stop whoever uses it, then try again."
            ) from error
        self.taken = True
        if place.owner is None:
            return None
        if place.tables:
            return kept
        await _run(self._admin, "drop database if exists {}", kept)
        return None


def with_database(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return make_conninfo(url, dbname=name)


async def _admin(url: str) -> Connection:
    """A connection to the server that is in nobody's way."""
    reason: UnavailableError | None = None
    for name in ("postgres", "template1"):
        try:
            return await connected(with_database(url, name))
        except UnavailableError as error:
            reason = reason or error
    raise reason or AssertionError


async def _tables(url: str) -> int:
    connection = await connected(url)
    try:
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(QUERIES["count_tables"])
            row = await cursor.fetchone()
        return int(row["n"]) if row else 0
    finally:
        await connection.close()


async def _run(admin: Connection, statement: LiteralString, *names: str) -> None:
    try:
        await _execute(admin, statement, *names)
    except psycopg.Error as error:
        raise FailedError(f"The server refused: {' '.join(str(error).split())[:300]}") from error


async def _execute(admin: Connection, statement: LiteralString, *names: str) -> None:
    await admin.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))
