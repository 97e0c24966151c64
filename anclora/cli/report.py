"""`anclora report daily|told`: the report of a day, drawn or posted, and what became of what people were told."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.errors import InvalidError

app = typer.Typer(no_args_is_help=True, help="Reports that write themselves, and what people were told.")
_COLUMNS = ("created_at", "key", "channel", "target", "state", "tries", "note")


class Drawn(StrEnum):
    """How a report is drawn."""

    MD = "md"
    HTML = "html"
    JSON = "json"
    PDF = "pdf"


class Language(StrEnum):
    """Of a report's words."""

    ES = "es"
    EN = "en"


@app.command()
def daily(
    date: Annotated[str | None, typer.Option(help="Day by the business clock; by default the last one over.")] = None,
    form: Annotated[Drawn, typer.Option("--format", help="How it is drawn.")] = Drawn.MD,
    lang: Annotated[Language | None, typer.Option(help="Of its words; the server's choice by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="File it is written to; without one it is printed.")] = None,
    post: Annotated[str | None, typer.Option(help="Channels it is posted to instead: slack,email.")] = None,
    so_far: Annotated[bool, typer.Option("--so-far", help="Of a day that is not over, all up to now.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What a business day brought, against the day before and the same weekday, and three things to do."""
    client = Client(data_dir)
    if post is not None:
        if out is not None:
            raise typer.BadParameter("--post sends it away, --out writes it to a file: give one of them.")
        _post(client, post, {"date": date, "lang": lang, "so_far": so_far}, as_json=as_json)
        return
    form = Drawn.JSON if as_json else form
    if form is Drawn.PDF and out is None and sys.stdout.isatty():
        raise typer.BadParameter("A PDF is no text for a terminal: give --out FILE.")
    query = {"date": date, "format": form.value, "lang": lang, "so_far": "true" if so_far else None}
    asked = urlencode({name: value for name, value in query.items() if value})
    _write(client.fetch(f"/api/v1/reports/daily?{asked}"), out)


@app.command()
def told(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many notices.")] = 20,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What people were told on Slack and by mail, and how that ended."""
    notices: list[dict[str, Any]] = Client(data_dir).call("GET", f"/api/v1/notices?limit={limit}")["notices"]
    if as_json:
        show_json(notices)
        return
    rows = [
        {**notice, **delivery, "note": delivery["last_text"] or "; ".join(delivery["left_out"])}
        for notice in notices
        for delivery in notice["deliveries"]
    ]
    show_rows(rows, _COLUMNS, as_json=False, empty="Nobody was told anything yet.")


def _post(client: Client, channels: str, wish: dict[str, Any], *, as_json: bool) -> None:
    names = [name.strip() for name in channels.split(",") if name.strip()]
    body = {"to": names, **{name: value for name, value in wish.items() if value}}
    posted = client.call("POST", "/api/v1/reports/daily/post", body)
    if as_json:
        show_facts(posted, as_json=True)
    elif posted["already"]:
        console.print("Everybody there has it already. How that went: anclora report told")
    else:
        console.print(f"On its way to {', '.join(posted['notice']['fresh'])}. How that goes: anclora report told")


def _write(data: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InvalidError(f"{out} cannot be written: {error.strerror or error}.") from error
