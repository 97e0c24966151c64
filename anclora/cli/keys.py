"""`anclora keys create|list|revoke`: works on the database itself, since no key exists yet to ask the API with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from anclora.access.keys import create as create_key
from anclora.access.keys import list_keys
from anclora.access.keys import revoke as revoke_key
from anclora.access.model import SCOPES
from anclora.audit import record
from anclora.cli.client import read_env
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.errors import SetupError
from anclora.kit.settings import load_settings
from anclora.storage.database import Database, open_pool

app = typer.Typer(no_args_is_help=True, help="API keys.")
Result = TypeVar("Result")
_DEFAULT_SCOPES = [scope for scope in SCOPES if scope != "messages:critical"]


def _with_database(url: str | None, work: Callable[[Database], Awaitable[Result]]) -> Result:
    if url is None:
        raise SetupError("There is no database. Start `anclora up`, or set DATABASE_URL.")

    async def run() -> Result:
        db = Database(await open_pool(url))
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(run())


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who will use it.")],
    scope: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make a key; it is shown this once."""
    url = load_settings().database_url or read_env(data_dir).get("DATABASE_URL")
    made = _with_database(
        url, lambda db: create_key(db, account="main", name=name, scopes=scope or _DEFAULT_SCOPES, record=record)
    )
    show_facts({"key": made.text, "name": name, "scopes": " ".join(scope or _DEFAULT_SCOPES)}, as_json=as_json)


@app.command("list")
def find(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Every key, without its secret."""
    url = load_settings().database_url or read_env(data_dir).get("DATABASE_URL")
    rows = [
        {"prefix": key.prefix, "name": key.name, "scopes": " ".join(key.scopes), "revoked_at": key.revoked_at}
        for key in _with_database(url, list_keys)
    ]
    show_rows(rows, ("prefix", "name", "scopes", "revoked_at"), as_json=as_json, empty="There is no key yet.")


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Its prefix, as `keys list` prints it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """End a key, named by its prefix."""
    url = load_settings().database_url or read_env(data_dir).get("DATABASE_URL")
    key = _with_database(url, lambda db: revoke_key(db, which, record=record))
    if as_json:
        show_json({"prefix": key.prefix, "name": key.name, "revoked_at": key.revoked_at})
        return
    console.print(f"{key.name} ({key.prefix}) is revoked.", markup=False)
