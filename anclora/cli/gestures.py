"""`anclora instances typing|read|numbers`: small signs of a number, and who has WhatsApp."""

from typing import Annotated
from urllib.parse import quote

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_facts, show_json, show_rows

Name = Annotated[str, typer.Argument(help="The number's name.")]
_COLUMNS = ("number", "whatsapp", "resolved", "checked_at", "source")


def typing(
    name: Name,
    to: Annotated[str, typer.Option(help="Phone number, e.g. +34600111222.")],
    seconds: Annotated[float, typer.Option(help="How long, at most 20.")] = 3.0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Show a person that somebody writes; ends when the time is over."""
    wish = {"to": to, "seconds": seconds}
    show_facts(Client(data_dir).call("POST", f"{_path(name)}/typing", wish), as_json=as_json)


def read(
    name: Name,
    sender: Annotated[str, typer.Option("--from", help="Who wrote, e.g. +34600111222.")],
    ids: Annotated[list[str], typer.Argument(help="The provider's ids of the messages.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Show a person that their messages were read."""
    wish = {"from": sender, "ids": ids}
    show_facts(Client(data_dir).call("POST", f"{_path(name)}/read", wish), as_json=as_json)


def numbers(
    name: Name,
    phones: Annotated[list[str], typer.Argument(help="Phone numbers, at most 50.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Who of these has WhatsApp; exits 1 when somebody has not, or could not be asked about today."""
    found = Client(data_dir).call("POST", f"{_path(name)}/numbers", {"numbers": phones})
    if as_json:
        show_json(found)
    else:
        show_rows(found["numbers"], _COLUMNS, as_json=False, empty="No number was asked about.")
    if any(each["whatsapp"] is not True for each in found["numbers"]):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `anclora instances`."""
    for command in (typing, read, numbers):
        app.command(command.__name__)(command)


def _path(name: str) -> str:
    return f"/api/v1/instances/{quote(name, safe='')}"
