"""`anclora contacts show|opt-out|opt-in|zone|merge|split`."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows

app = typer.Typer(no_args_is_help=True, help="People: who opted out, and where they are.")
Phone = Annotated[str, typer.Argument(help="Phone number, e.g. +34600111222.")]

Address = Annotated[str, typer.Argument(help="Phone number, or an address such as lid:99887766554433.")]


@app.command()
def show(phone: Phone, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """What is known of a person."""
    _show(Client(data_dir).call("GET", f"/api/v1/contacts/{quote(phone)}"), as_json=as_json)


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


@app.command()
def merge(one: Address, other: Address, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Two addresses are one person's; `split` takes it back."""
    found = Client(data_dir).call("POST", "/api/v1/contacts/merge", {"one": one, "other": other})
    _show(found, as_json=as_json)


@app.command()
def split(address: Address, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """This address is somebody else's: take back what joined it."""
    _show(Client(data_dir).call("POST", "/api/v1/contacts/split", {"address": address}), as_json=as_json)


def _show(contact: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(contact)
        return
    show_facts(contact | {"addresses": None}, as_json=False)
    if contact["addresses"]:
        console.print()
        show_rows(contact["addresses"], ("kind", "value", "since", "evidence"), as_json=False, empty="")
