"""`anclora links create|list|show`."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_facts, show_json, show_rows

app = typer.Typer(no_args_is_help=True, help="Short links: where they lead, and who followed them.")
_PATH = "/api/v1/links"
_COLUMNS = ("short_url", "url", "clicks", "scanners", "conversion_kind", "created_at", "expires_at")
_CLICKS = ("at", "agent", "scanner")


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where it leads, for good.")],
    contact: Annotated[str | None, typer.Option(help="Whose it is: a phone number, or an id.")] = None,
    message: Annotated[UUID | None, typer.Option(help="The message it stands in.")] = None,
    campaign: Annotated[UUID | None, typer.Option(help="The campaign it belongs to.")] = None,
    kind: Annotated[str | None, typer.Option(help="The first click records a conversion of this kind.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="From then on it leads nowhere: 2026-02-28T00:00:00+01:00.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make one."""
    wish = {
        "url": url,
        "contact": contact,
        "message_id": message and str(message),
        "campaign_id": campaign and str(campaign),
        "conversion_kind": kind,
        "expires_at": expires,
    }
    made = Client(data_dir).call("POST", _PATH, {name: value for name, value in wish.items() if value is not None})
    _show(made, as_json=as_json)


@app.command("list")
def find(
    before: Annotated[UUID | None, typer.Option(help="Last id of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Links, the newest first."""
    page = Client(data_dir).get(_PATH, {"before": before and str(before), "limit": str(limit)})
    if as_json:
        show_json(page)
        return
    rows = [each["link"] | {"short_url": each["short_url"]} for each in page["links"]]
    show_rows(rows, _COLUMNS, as_json=False, empty="No link yet. Begin with: anclora links create URL")


@app.command()
def show(
    token: Annotated[str, typer.Argument(help="What stands behind /l/ in it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """One, and who followed it."""
    _show(Client(data_dir).call("GET", f"{_PATH}/{quote(token, safe='')}"), as_json=as_json)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    link = found["link"]
    show_facts({"short_url": found["short_url"]} | link | {"latest": None}, as_json=False)
    show_rows(link["latest"], _CLICKS, as_json=False, empty="Nobody followed it yet.")
