"""`anclora report daily|weekly|monthly|told`: reports drawn or posted, and what became of what people were told."""

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


Form = Annotated[Drawn, typer.Option("--format", help="How it is drawn.")]
Lang = Annotated[Language | None, typer.Option(help="Of its words; the server's choice by default.")]
Out = Annotated[Path | None, typer.Option(help="File it is written to; without one it is printed.")]
Post = Annotated[str | None, typer.Option(help="Channels it is posted to instead: slack,email.")]


@app.command()
def daily(
    date: Annotated[str | None, typer.Option(help="Day by the business clock; by default the last one over.")] = None,
    form: Form = Drawn.MD,
    lang: Lang = None,
    out: Out = None,
    post: Post = None,
    so_far: Annotated[
        bool, typer.Option("--so-far", help="Of a day that is not over, up to the last full quarter of an hour.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What a business day brought, against the day before and the same weekday, and three things to do."""
    wish = {"date": date, "lang": lang, "so_far": so_far}
    _report(Client(data_dir), "daily", wish, form=form, out=out, post=post, as_json=as_json)


@app.command()
def weekly(
    date: Annotated[
        str | None, typer.Option(help="A day of the week, Monday to Sunday; by default of the last one over.")
    ] = None,
    form: Form = Drawn.MD,
    lang: Lang = None,
    out: Out = None,
    post: Post = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What a week brought, against the week before, each day beside the same weekday of it."""
    wish = {"date": date, "lang": lang}
    _report(Client(data_dir), "weekly", wish, form=form, out=out, post=post, as_json=as_json)


@app.command()
def monthly(
    date: Annotated[str | None, typer.Option(help="A day of the month; by default of the last one over.")] = None,
    form: Form = Drawn.MD,
    lang: Lang = None,
    out: Out = None,
    post: Post = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What a month brought, against the month before, each day beside the same weekday a week earlier."""
    wish = {"date": date, "lang": lang}
    _report(Client(data_dir), "monthly", wish, form=form, out=out, post=post, as_json=as_json)


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


def _report(
    client: Client, every: str, wish: dict[str, Any], *, form: Drawn, out: Path | None, post: str | None, as_json: bool
) -> None:
    if post is not None:
        if out is not None:
            raise typer.BadParameter("--post sends it away, --out writes it to a file: give one of them.")
        _post(client, every, post, wish, as_json=as_json)
        return
    form = Drawn.JSON if as_json else form
    if form is Drawn.PDF and out is None and sys.stdout.isatty():
        raise typer.BadParameter("A PDF is no text for a terminal: give --out FILE.")
    query = {"format": form.value, **{name: "true" if value is True else value for name, value in wish.items()}}
    asked = urlencode({name: value for name, value in query.items() if value})
    _write(client.fetch(f"/api/v1/reports/{every}?{asked}"), out)


def _post(client: Client, every: str, channels: str, wish: dict[str, Any], *, as_json: bool) -> None:
    names = [name.strip() for name in channels.split(",") if name.strip()]
    body = {"to": names, **{name: value for name, value in wish.items() if value}}
    posted = client.call("POST", f"/api/v1/reports/{every}/post", body)
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
