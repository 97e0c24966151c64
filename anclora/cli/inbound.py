"""`anclora inbound list|show|media|replay|unprocessed|retry|gaps`: what people said, and what became of webhooks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.errors import InvalidError

app = typer.Typer(no_args_is_help=True, help="What people say to our numbers.")
_FILE_SECONDS = 150.0
_COLUMNS = ("id", "at", "direction", "instance", "peer", "name", "kind", "text")
_FAILED = ("id", "at", "instance", "kind", "error", "bytes")
_GAPS = ("instance", "since", "until", "why", "done_at", "heard", "shown", "error")
Instance = Annotated[str | None, typer.Option(help="Only this number of ours.")]
Before = Annotated[UUID | None, typer.Option(help="Last id of the page before.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="How many to show.")]
Since = Annotated[str, typer.Option(help="From when on, e.g. 2026-01-31T09:00:00+01:00.")]
Until = Annotated[str | None, typer.Option(help="Up to when; now when it is left out.")]


@app.command("list")
def find(
    instance: Instance = None,
    since: Annotated[str | None, typer.Option(help="Said then or later.")] = None,
    until: Annotated[str | None, typer.Option(help="Said before then.")] = None,
    kind: Annotated[str | None, typer.Option(help="text, image, reaction, edit, …")] = None,
    direction: Annotated[str | None, typer.Option(help="in, or phone: typed on our own.")] = None,
    before: Before = None,
    limit: Limit = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What people said, the newest first."""
    asked = {"instance": instance, "kind": kind, "direction": direction, "before": before, "limit": limit}
    asked |= {"since": since and _whole(since), "until": until and _whole(until)}
    page = Client(data_dir).call("GET", f"/api/v1/inbound?{_query(asked)}")
    if as_json:
        show_json(page)
        return
    show_rows(page["heard"], _COLUMNS, as_json=False, empty="Nobody said anything.")


@app.command()
def show(
    heard_id: Annotated[UUID, typer.Argument(help="Its id, as `inbound list` prints it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """One thing somebody said, and what changed it."""
    found = Client(data_dir).call("GET", f"/api/v1/inbound/{heard_id}")
    if as_json:
        show_json(found)
        return
    show_facts(found | {"changes": None}, as_json=False)
    if found["changes"]:
        console.print()
        show_rows(found["changes"], ("at", "peer", "kind", "text"), as_json=False, empty="")


@app.command()
def media(
    heard_id: Annotated[UUID, typer.Argument(help="Its id, as `inbound list` prints it.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Save the file of one thing somebody sent. Providers keep them for days only."""
    data = Client(data_dir, timeout_seconds=_FILE_SECONDS).fetch(f"/api/v1/inbound/{heard_id}/media")
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InvalidError(f"{out} cannot be written: {error.strerror or error}.") from error
    show_facts({"file": str(out), "bytes": len(data)}, as_json=as_json)


@app.command()
def unprocessed(
    instance: Instance = None,
    before: Before = None,
    limit: Limit = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Webhooks that are stored and could not be applied. Exits 1 when there are any."""
    asked = {"instance": instance, "before": before, "limit": limit}
    page = Client(data_dir).call("GET", f"/api/v1/inbound/unprocessed?{_query(asked)}")
    if as_json:
        show_json(page)
    else:
        show_rows(page["unprocessed"], _FAILED, as_json=False, empty="Every webhook was applied.")
    if page["count"]:
        raise typer.Exit(1)


@app.command()
def gaps(
    instance: Instance = None, limit: Limit = 50, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False
) -> None:
    """Spans in which events may have been lost, and what a look-up showed of them."""
    page = Client(data_dir).call("GET", f"/api/v1/inbound/gaps?{_query({'instance': instance, 'limit': limit})}")
    show_rows(page["gaps"], _GAPS, as_json=as_json, empty="There was no gap.")


@app.command()
def replay(
    since: Since,
    until: Until = None,
    instance: Instance = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind: inbound, receipt, connection, …")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Read stored webhooks of a span of time again, with this version's eyes. Exits 1 when some still fail."""
    start, end = _moment(since), _moment(until) if until else datetime.now(UTC)
    body: dict[str, Any] = {"since": start.isoformat(), "until": end.isoformat(), "instance": instance, "kind": kind}
    total = _all(Client(data_dir), "replay", body, span=(start, end), as_json=as_json)
    _told(total, as_json=as_json)


@app.command()
def retry(
    ids: Annotated[list[UUID] | None, typer.Argument(help="Ids, as `inbound unprocessed` shows them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Apply failed webhooks again. Exits 1 when some still fail."""
    body: dict[str, Any] = {"ids": [str(each) for each in ids] if ids else None, "everything": everything}
    total = _all(Client(data_dir), "retry", body, span=None, as_json=as_json)
    _told(total, as_json=as_json)


def _all(
    client: Client, verb: str, body: dict[str, Any], *, span: tuple[datetime, datetime] | None, as_json: bool
) -> dict[str, int]:
    """Call after call until there is no more, with a bar on a terminal."""
    total = {"read": 0, "heard": 0, "failed": 0}
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    given = {name: value for name, value in body.items() if value is not None}
    with Progress(*columns, console=console, transient=True, disable=as_json or not console.is_terminal) as progress:
        task = progress.add_task("webhooks are read", total=1.0 if span else None)
        while True:
            done = client.call("POST", f"/api/v1/inbound/{verb}", given)
            total = {name: total[name] + done[name] for name in total}
            far = (_moment(done["until"]) - span[0]) / (span[1] - span[0]) if span else 0.0
            progress.update(task, completed=far, description=f"{total['read']:,} webhooks read")
            if done["next"] is None:
                return total
            given["after"] = done["next"]


def _told(total: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        show_json(total)
    else:
        words = f"webhooks read: {total['read']:,}, messages that were new: {total['heard']:,}"
        console.print(f"{words}, still failing: {total['failed']:,}" if total["failed"] else words)
    if total["failed"]:
        raise typer.Exit(1)


def _query(asked: dict[str, Any]) -> str:
    return urlencode({name: value for name, value in asked.items() if value is not None})


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError(
            f"{text!r} is no time; write it as 2026-01-31T09:00:00+01:00.", code="invalid_time"
        ) from None
    return found if found.tzinfo else found.astimezone()


def _whole(text: str) -> str:
    return _moment(text).isoformat()
