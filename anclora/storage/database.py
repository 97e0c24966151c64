"""Connections to Postgres: a pool that heals itself, transactions, and three ways to run a named query.

The server's words become ours here: no connection is `UnavailableError` (code `database_unavailable`, or
`database_busy` when the server itself asks to try again), an unanswered COMMIT is `CommitUnknownError`. Constraint
violations pass through as psycopg's own errors.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import LiteralString, NoReturn
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, TupleRow, dict_row
from psycopg_pool import AsyncConnectionPool

from anclora.kit.errors import UnavailableError

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]
Statement = tuple[LiteralString, Mapping[str, object]]

_BUSY = ("40", "55", "57014")  # conflict or deadlock, lock not available, statement time-out: classes of SQLSTATE
_ROLLED_BACK = "40"
# A generic plan touches every partition of a partitioned table.
_PLAN_EACH_TIME = {"plan_cache_mode": "force_custom_plan"}
# A plan made once, while a partition was empty, would read all of it later: an index is always the better choice here.
_PLAN_ONCE = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}


class CommitUnknownError(UnavailableError):
    """The connection was lost while a COMMIT was open: it may have happened or not."""

    code = "commit_unknown"


async def open_pool(
    url: str,
    *,
    min_size: int = 1,
    max_size: int = 8,
    timeout_seconds: float = 5.0,
    statement_timeout_seconds: float = 30.0,
    application_name: str = "anclora",
    hot: bool = False,
) -> Pool:
    """Open a pool and wait for its first connections.

    Connections are in autocommit: one statement is one round trip, and `Database.transaction` says where one begins.

    Args:
        url: a libpq URL.
        min_size: connections kept open.
        max_size: connections at most.
        timeout_seconds: for a connection, here and at each use.
        statement_timeout_seconds: for one statement; also for a transaction that does nothing.
        application_name: shown in `pg_stat_activity`.
        hot: for the statements of `Database.commit`, whose plans are made once (decision 5).

    Raises:
        UnavailableError: the server does not answer in time.
    """
    limit_ms = int(statement_timeout_seconds * 1000)
    settings = {
        "timezone": "UTC",
        "statement_timeout": limit_ms,
        "idle_in_transaction_session_timeout": limit_ms,
        **(_PLAN_ONCE if hot else _PLAN_EACH_TIME),
    }
    pool: Pool = AsyncConnectionPool(
        url,
        kwargs={
            "autocommit": True,
            "application_name": application_name,
            "connect_timeout": max(2, round(timeout_seconds)),
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
        min_size=min_size,
        max_size=max_size,
        timeout=timeout_seconds,
        # After so long one attempt ends and the next use begins another; a longer one would back off past the repair.
        reconnect_timeout=3.0,
        open=False,
    )
    await pool.open()
    try:
        await pool.wait(timeout_seconds)
    except psycopg.OperationalError as error:
        _raise_unavailable(error)
    return pool


class Database:
    """What features use of Postgres. Owns its pools: `close` ends them.

    Args:
        pool: for everything.
        hot: for `commit`; without one the other serves.
    """

    def __init__(self, pool: Pool, hot: Pool | None = None) -> None:
        self.pool = pool
        self._hot = hot or pool

    @property
    def pools(self) -> dict[str, Pool]:
        """The pools by name."""
        return {"main": self.pool} | ({} if self._hot is self.pool else {"hot": self._hot})

    async def close(self) -> None:
        """Close every connection."""
        await self.pool.close()
        if self._hot is not self.pool:
            await self._hot.close()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection, None]:
        """A connection in autocommit.

        Raises:
            UnavailableError: none is free in time, or it was lost.
        """
        try:
            async with self.pool.connection() as connection:
                yield connection
        except psycopg.OperationalError as error:
            await self._heal(error)
            _raise_unavailable(error)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection, None]:
        """A connection inside a transaction: committed at the end of the block, rolled back when the block raises.

        A caller who is cancelled during the commit does not learn its outcome either.

        Raises:
            UnavailableError: no connection, or it was lost before the commit; nothing is stored.
            CommitUnknownError: it was lost during the commit.
        """
        committing = False
        async with self.connection() as connection:
            try:
                async with connection.transaction():
                    yield connection
                    committing = True
            except psycopg.OperationalError as error:
                if committing and not (error.sqlstate or "").startswith(_ROLLED_BACK):
                    await self._heal(error)
                    raise _commit_unknown() from error
                raise

    async def commit(self, query: LiteralString, /, **params: object) -> list[TupleRow]:
        """Run a hot statement, one round trip and a transaction of its own; its rows, if it gives any.

        Raises:
            UnavailableError: nothing is stored.
            CommitUnknownError: the connection was lost after the statement left.
        """
        left = False
        try:
            async with self._hot.connection() as connection:
                left = True
                cursor = await connection.execute(query, params)
                return await cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError as error:
            await self._heal(error)
            if left and not _is_busy(error):
                raise _commit_unknown() from error
            _raise_unavailable(error)

    async def commit_each(self, statements: Sequence[Statement]) -> list[list[TupleRow]]:
        """Run hot statements side by side, each as `commit` does; the rows of each.

        Raises:
            Exception: what the first of those that failed raised, once all have ended; the others are stored.
        """
        ends = (self.commit(query, **params) for query, params in statements)
        answers = await asyncio.gather(*ends, return_exceptions=True)
        rows: list[list[TupleRow]] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            rows.append(answer)
        return rows

    async def fetch_all(self, query: LiteralString, /, **params: object) -> list[DictRow]:
        """Every row of a query, as dictionaries."""
        async with self.connection() as connection:
            return await fetch_all(connection, query, **params)

    async def fetch_one(self, query: LiteralString, /, **params: object) -> DictRow | None:
        """The first row of a query, or None."""
        async with self.connection() as connection:
            return await fetch_one(connection, query, **params)

    async def execute(self, query: LiteralString, /, **params: object) -> int:
        """Run a statement; the number of rows it touched."""
        async with self.connection() as connection:
            return await execute(connection, query, **params)

    async def _heal(self, error: psycopg.OperationalError) -> None:
        """Replace the pool's other dead connections too, so that one outage costs one failure and not one each."""
        if not _is_busy(error):
            for pool in {self.pool, self._hot}:
                if not pool.closed:
                    await pool.check()


async def fetch_all(connection: Connection, query: LiteralString, /, **params: object) -> list[DictRow]:
    """Every row of a query, as dictionaries, on a connection already held."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, params)
        return await cursor.fetchall()


async def fetch_one(connection: Connection, query: LiteralString, /, **params: object) -> DictRow | None:
    """The first row of a query, or None, on a connection already held."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, params)
        return await cursor.fetchone()


async def execute(connection: Connection, query: LiteralString, /, **params: object) -> int:
    """Run a statement on a connection already held; the number of rows it touched."""
    async with connection.cursor() as cursor:
        await cursor.execute(query, params)
        return cursor.rowcount


def id_span(ids: Iterable[UUID | str]) -> dict[str, str]:
    """The parameters of a hot query over a batch of ids, at least one.

    Returns:
        `ids` = the text of a `uuid[]`, many times cheaper than adapting each id; `low` and `high` = the first and the
        last, by which a plan made once leaves other partitions out.
    """
    texts = sorted(map(str, ids))
    return {"ids": f"{{{','.join(texts)}}}", "low": texts[0], "high": texts[-1]}


def moment_list(moments: Iterable[datetime]) -> str:
    """The text of a `timestamptz[]`, many times cheaper than adapting each of them."""
    return f"{{{','.join(moment.isoformat() for moment in moments)}}}"


def text_list(texts: Iterable[str]) -> str:
    """The text of a `text[]`, many times cheaper than adapting each of them, or than JSON for Postgres to read."""
    return f"{{{','.join(map(_quoted, texts))}}}"


@lru_cache(maxsize=4_096)
def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _commit_unknown() -> CommitUnknownError:
    return CommitUnknownError("The database went away during a commit. Ask again with the same Idempotency-Key.")


def _is_busy(error: psycopg.OperationalError) -> bool:
    return (error.sqlstate or "").startswith(_BUSY)


def _raise_unavailable(error: psycopg.OperationalError) -> NoReturn:
    if _is_busy(error):
        raise UnavailableError("The database is busy. Send it again shortly.", code="database_busy") from error
    raise UnavailableError(
        "The database does not answer. Send it again shortly.", code="database_unavailable"
    ) from error
