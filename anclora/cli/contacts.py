"""`anclora contacts show|opt-out|opt-in|zone`."""

from typing import Annotated
from urllib.parse import quote

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_facts

app = typer.Typer(no_args_is_help=True, help="People: who opted out, and where they are.")
Phone = Annotated[str, typer.Argument(help="Phone number, e.g. +34600111222.")]


@app.command()
def show(phone: Phone, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """What is known of a person."""
    show_facts(Client(data_dir).call("GET", f"/api/v1/contacts/{quote(phone)}"), as_json=as_json)


@app.command("opt-out")
def opt_out(
    phone: Phone,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "asked by phone",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Never write to this person again, until they opt in."""
    path = f"/api/v1/contacts/{quote(phone)}/opt-out"
    show_facts(Client(data_dir).call("PUT", path, {"reason": reason}), as_json=as_json)


@app.command("opt-in")
def opt_in(phone: Phone, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """This person wants to hear from us again."""
    show_facts(Client(data_dir).call("DELETE", f"/api/v1/contacts/{quote(phone)}/opt-out"), as_json=as_json)


@app.command()
def zone(
    phone: Phone,
    name: Annotated[str, typer.Argument(metavar="ZONE", help="An IANA time zone such as Europe/Madrid, or none.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Say where this person is: quiet hours go by it, instead of by the number."""
    body = {"zone": None if name == "none" else name}
    show_facts(Client(data_dir).call("PUT", f"/api/v1/contacts/{quote(phone)}/zone", body), as_json=as_json)
