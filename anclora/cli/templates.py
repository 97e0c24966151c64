"""`anclora templates list|sync`."""

from typing import Annotated

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_facts, show_json, show_rows

app = typer.Typer(no_args_is_help=True, help="Texts Meta approved: list them, or read them anew.")
_COLUMNS = ("name", "language", "status", "category", "quality", "status_at", "reason")


@app.command("list")
def list_templates(
    status: Annotated[str | None, typer.Option(help="APPROVED, PAUSED, REJECTED and the like.")] = None,
    name: Annotated[str | None, typer.Option(help="Only this one, gone or not.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The templates as Meta last told them."""
    found = Client(data_dir).get("/api/v1/templates", {"status": status, "name": name})["templates"]
    if as_json:
        show_json(found)
        return
    empty = "There is none. Only Meta's Cloud API has templates; read them anew with: anclora templates sync"
    show_rows(found, _COLUMNS, as_json=False, empty=empty)


@app.command()
def sync(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Read the templates anew from Meta."""
    synced = Client(data_dir).call("POST", "/api/v1/templates/sync")
    show_facts(synced if as_json else synced | {"gone": ", ".join(synced["gone"])}, as_json=as_json)
