"""The command line's way to the ledger itself, for what works without a running server."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from anclora.cli.client import read_env
from anclora.kit.errors import SetupError
from anclora.kit.settings import load_settings
from anclora.storage.database import Database, open_pool

Result = TypeVar("Result")


def with_database(data_dir: Path, work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Do something with the ledger: of DATABASE_URL, or of what `anclora up` runs.

    Raises:
        SetupError: there is none.
        UnavailableError: it does not answer.
    """
    url = load_settings().database_url or read_env(data_dir).get("DATABASE_URL")
    if url is None:
        raise SetupError("There is no database. Start `anclora up`, or set DATABASE_URL.")

    async def run() -> Result:
        db = Database(await open_pool(url))
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(run())
