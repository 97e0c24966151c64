"""`anclora conversions`: what became of talks, recorded, seen, given back, corrected, and as sheets."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.errors import InvalidError

app = typer.Typer(no_args_is_help=True, help="Conversions: leads, appointments, sales, and what led to them.")
_PATH = "/api/v1/conversions"
_COLUMNS = ("id", "kind", "phone", "value", "currency", "occurred_at", "external_id", "void")
_EVENTS = ("event", "value", "occurred_at", "external_id", "recorded_by", "note")
_TOUCHES = ("kind", "at", "instance", "campaign_id", "template", "tags", "first", "last")
_RATES = ("currency", "rate", "target", "valid_from", "set_at")
_KINDS = ("name", "meaning", "revenue")
_ERRORS = ("line", "code", "detail")
Id = Annotated[UUID, typer.Argument(metavar="ID", help="Id of the conversion, as the list shows it.")]
Value = Annotated[str | None, typer.Option(help="With a decimal point: 1250.50.")]
External = Annotated[str | None, typer.Option(help="Your own id; the same again changes nothing.")]
At = Annotated[str | None, typer.Option("--at", help="When it happened, 2026-01-31T09:00:00+01:00; now by default.")]
Note = Annotated[str | None, typer.Option(help="A word for whoever reads it later.")]
Since = Annotated[str | None, typer.Option("--from", help="First day or moment.")]
Until = Annotated[str | None, typer.Option("--to", help="Last day, included, or a moment.")]


@app.command()
def record(
    kind: Annotated[str, typer.Argument(help="lead, qualified_lead, appointment, sale, or one of your own.")],
    contact: Annotated[str | None, typer.Option(help="Phone number, lid:…, or id of a contact.")] = None,
    value: Value = None,
    currency: Annotated[str | None, typer.Option(help="Of the value, such as EUR.")] = None,
    at: At = None,
    external_id: External = None,
    message: Annotated[UUID | None, typer.Option(help="The message that led to it, if you know.")] = None,
    campaign: Annotated[UUID | None, typer.Option(help="The campaign that led to it, if you know.")] = None,
    note: Note = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Record one."""
    wish = _said(
        kind=kind,
        contact=contact,
        value=value,
        currency=currency,
        occurred_at=at,
        external_id=external_id,
        message_id=message and str(message),
        campaign_id=campaign and str(campaign),
        note=note,
    )
    _show(Client(data_dir).call("POST", _PATH, wish), as_json=as_json)


@app.command("list")
def find(
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    contact: Annotated[str | None, typer.Option(help="Only this person's: a phone number, or an id.")] = None,
    external_id: Annotated[str | None, typer.Option(help="Only what you recorded under this id.")] = None,
    since: Since = None,
    until: Until = None,
    campaign: Annotated[UUID | None, typer.Option(help="Only what is put down to this campaign.")] = None,
    before: Annotated[UUID | None, typer.Option(help="Last id of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Conversions, the newest first."""
    asked = {
        "kind": kind,
        "contact": contact,
        "external_id": external_id,
        "from": since,
        "to": until,
        "campaign_id": campaign and str(campaign),
        "before": before and str(before),
        "limit": str(limit),
    }
    page = Client(data_dir).get(_PATH, asked)
    if as_json:
        show_json(page)
    else:
        show_rows(page["conversions"], _COLUMNS, as_json=False, empty="No conversion yet.")


@app.command()
def show(conversion_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """One, with every row of it and what came before it."""
    _show(Client(data_dir).call("GET", f"{_PATH}/{conversion_id}"), as_json=as_json)


@app.command()
def refund(
    conversion_id: Id,
    value: Annotated[str | None, typer.Option(help="How much went back; all that is left by default.")] = None,
    at: At = None,
    external_id: External = None,
    note: Note = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Value went back. The conversion stays as it is; a row behind it says so."""
    wish = _said(value=value, occurred_at=at, external_id=external_id, note=note)
    _show(Client(data_dir).call("POST", f"{_PATH}/{conversion_id}/refund", wish), as_json=as_json)


@app.command()
def correct(
    conversion_id: Id,
    value: Annotated[str | None, typer.Option(help="The right value, before refunds.")] = None,
    void: Annotated[bool, typer.Option("--void", help="It never happened.")] = False,
    external_id: External = None,
    note: Note = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Say what should have been recorded."""
    wish = _said(value=value, external_id=external_id, note=note) | ({"void": True} if void else {})
    _show(Client(data_dir).call("POST", f"{_PATH}/{conversion_id}/correct", wish), as_json=as_json)


@app.command("import")
def import_sheet(
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8; its first line names the columns.")],
    partial: Annotated[bool, typer.Option("--partial", help="Record the lines that can be, name the others.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Record a sheet: all of it or nothing, unless --partial. Ends with 1 when lines were left out."""
    try:
        body = file.read_bytes()
    except OSError as error:
        raise InvalidError(f"{file} cannot be read: {error.strerror or error}.") from error
    path = f"{_PATH}/import?{urlencode({'partial': str(partial).lower()})}"
    try:
        done = Client(data_dir).send(path, body, "text/csv")
    except InvalidError as error:
        if error.extra.get("errors") and not as_json:
            show_rows(error.extra["errors"], _ERRORS, as_json=False, empty="")
        raise
    if as_json:
        show_json(done)
    else:
        console.print(
            f"{done['recorded']:,} recorded, {done['replayed']:,} there already, {done['refused']:,} refused."
        )
        show_rows(done["errors"], _ERRORS, as_json=False, empty="")
    if done["refused"]:
        raise typer.Exit(1)


@app.command()
def export(
    since: Since = None,
    until: Until = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Every row of a period as CSV, on standard output; the last 30 days by default."""
    asked = _said(**{"from": since, "to": until})
    text = Client(data_dir).text(f"{_PATH}/export?{urlencode(asked)}")
    if as_json:
        show_json({"csv": text})
    else:
        print(text, end="")


@app.command()
def figures(
    since: Since = None,
    until: Until = None,
    campaign: Annotated[UUID | None, typer.Option(help="Only what is put down to this campaign.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """How many there were in a period, and what they were worth; today by default."""
    found = Client(data_dir).get(
        f"{_PATH}/figures", {"from": since, "to": until, "campaign_id": campaign and str(campaign)}
    )
    if as_json:
        show_json(found)
        return
    show_facts({"revenue": f"{found['revenue']} {found['currency']}"}, as_json=False)
    show_rows(found["kinds"], ("kind", "count", "refunds"), as_json=False, empty="No conversion in this period.")
    for each in found["missing_rates"]:
        console.print(f"Not in the revenue: {each['value']} {each['currency']}, without a rate since {each['since']}.")


@app.command()
def rates(
    currency: Annotated[str | None, typer.Argument(help="Only of this one, such as USD.")] = None,
    rate: Annotated[
        str | None, typer.Option("--set", help="What one unit is worth from the day on; none = no row.")
    ] = None,
    valid_from: Annotated[str | None, typer.Option("--from", help="First day of the rate: 2026-01-31.")] = None,
    target: Annotated[str | None, typer.Option(help="In another currency than the business's.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What currencies are worth, from which day on; with --set and --from another row of it."""
    if (rate is None) != (valid_from is None) or (rate is not None and currency is None):
        raise InvalidError(
            "A rate is: anclora conversions rates USD --set 0.92 --from 2026-01-31", code="nothing_chosen"
        )
    client = Client(data_dir)
    if rate is None:
        found = client.get(f"{_PATH}/rates", {"currency": currency})
    else:
        row = {"currency": currency, "rate": None if rate == "none" else rate, "valid_from": valid_from}
        found = client.call("POST", f"{_PATH}/rates", row | _said(target=target))
    if as_json:
        show_json(found)
    else:
        show_rows(found["rates"], _RATES, as_json=False, empty="No rate: other currencies are counted by themselves.")


@app.command()
def kinds(
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Make a kind of your own.")] = None,
    meaning: Annotated[str, typer.Option(help="What it means.")] = "",
    revenue: Annotated[bool, typer.Option("--revenue", help="Its value is revenue; cannot be changed later.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The kinds there are, and making one."""
    client, path = Client(data_dir), f"{_PATH}/kinds"
    wish = {"name": add, "meaning": meaning, "revenue": revenue}
    found = client.call("GET", path) if add is None else client.call("POST", path, wish)
    if as_json:
        show_json(found)
    else:
        show_rows(found["kinds"], _KINDS, as_json=False, empty="")


def _said(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    show_facts(found | {"events": None, "touches": None, "value_minor": None}, as_json=False)
    console.print()
    show_rows(found["events"], _EVENTS, as_json=False, empty="")
    console.print()
    show_rows(found["touches"], _TOUCHES, as_json=False, empty="Nothing of ours had reached this person before.")
