"""`anclora incidents action add|done|list`."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_facts, show_rows

app = typer.Typer(no_args_is_help=True, help="What was learnt from incidents and is to be done, until it is.")
_COLUMNS = ("id", "due_on", "owner", "text", "name", "done_at")


@app.command()
def add(
    incident_id: Annotated[UUID, typer.Argument(metavar="ID", help="Of the incident it was learnt from.")],
    text: Annotated[str, typer.Argument(help="What is to be done.")],
    owner: Annotated[str, typer.Option(help="By whom.")],
    day: Annotated[str, typer.Option("--by", help="Until the end of which day: 2026-01-31.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Write down what is to be done; the post-mortem is open until it is."""
    wish = {"text": text, "owner": owner, "due_on": day}
    show_facts(Client(data_dir).call("POST", f"/api/v1/incidents/{incident_id}/actions", wish), as_json=as_json)


@app.command()
def done(
    action_id: Annotated[UUID, typer.Argument(metavar="ID", help="Of the action, as the list shows it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Say that it is done."""
    show_facts(Client(data_dir).call("POST", f"/api/v1/actions/{action_id}/done"), as_json=as_json)


@app.command("list")
def find(
    state: Annotated[str | None, typer.Option(help="open, overdue or done.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Actions, the first due first."""
    given = {"limit": str(limit)} | ({"state": state} if state else {})
    found = Client(data_dir).call("GET", f"/api/v1/actions?{urlencode(given)}")["actions"]
    show_rows(found, _COLUMNS, as_json=as_json, empty="There is no such action.")
