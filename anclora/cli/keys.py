"""`anclora keys create|list|revoke`: works on the database itself, since no key exists yet to ask the API with."""

from typing import Annotated

import typer

from anclora.access.keys import create as create_key
from anclora.access.keys import list_keys
from anclora.access.keys import revoke as revoke_key
from anclora.access.model import SCOPES
from anclora.audit import record
from anclora.cli.actor import actor
from anclora.cli.database import with_database
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows

app = typer.Typer(no_args_is_help=True, help="API keys.")
_DEFAULT_SCOPES = [scope for scope in SCOPES if scope != "messages:critical"]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who will use it.")],
    scope: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    role: Annotated[
        str | None, typer.Option(help="Instead of scopes: admin, devops, developer, support or viewer.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make a key; it is shown this once."""
    scopes = scope or ([] if role else _DEFAULT_SCOPES)
    made = with_database(
        data_dir,
        lambda db: create_key(db, account="main", name=name, scopes=scopes, role=role, actor=actor(), record=record),
    )
    facts = {"key": made.text, "name": name, "role": role, "scopes": " ".join(made.key.scopes)}
    show_facts(facts, as_json=as_json)


@app.command("list")
def find(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Every key, without its secret."""
    rows = [
        {
            "prefix": key.prefix,
            "name": key.name,
            "role": key.role,
            "scopes": " ".join(key.scopes),
            "revoked_at": key.revoked_at,
        }
        for key in with_database(data_dir, list_keys)
    ]
    columns = ("prefix", "name", "role", "scopes", "revoked_at")
    show_rows(rows, columns, as_json=as_json, empty="There is no key yet.")


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Its prefix, as `keys list` prints it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """End a key, named by its prefix."""
    key = with_database(data_dir, lambda db: revoke_key(db, which, actor=actor(), record=record))
    if as_json:
        show_json({"prefix": key.prefix, "name": key.name, "revoked_at": key.revoked_at})
        return
    console.print(f"{key.name} ({key.prefix}) is revoked.", markup=False)
