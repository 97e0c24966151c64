"""`anclora messages list|unknown|show|reschedule|cancel|edit|delete|classes`."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import typer
from rich.text import Text

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.said import said
from anclora.cli.show import console, moment, show_facts, show_json, show_rows

app = typer.Typer(no_args_is_help=True, help="Look at messages, move them, cancel them.")
MessageId = Annotated[UUID, typer.Argument(help="Its id, as `send` and `messages list` print it.")]
Zone = Annotated[str | None, typer.Option(help="Time zone of a time without an offset, e.g. Europe/Madrid.")]
_SHOWN = (
    "id",
    "state",
    "to",
    "instance",
    "type",
    "class",
    "priority",
    "attempts",
    "created_at",
    "send_at",
    "sent_at",
    "delivered_at",
    "read_at",
    "played_at",
    "next_attempt_at",
    "reason_code",
    "reason_text",
)


@app.command("list")
def find(
    state: Annotated[str | None, typer.Option(help="Only this state.")] = None,
    instance: Annotated[str | None, typer.Option(help="Only this number of ours.")] = None,
    to: Annotated[str | None, typer.Option(help="Only to this person.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The latest messages."""
    filters = {"state": state, "instance": instance, "to": to, "limit": str(limit)}
    answer = Client(data_dir).get("/api/v1/messages", filters)
    columns = ("id", "state", "to", "type", "reason_code")
    show_rows(
        answer["messages"], columns, as_json=as_json, empty="No message yet. Send one: anclora send --to … --text …"
    )


@app.command()
def unknown(
    instance: Annotated[str | None, typer.Option(help="Only this number of ours.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Messages of which nobody knows yet whether they went out, the newest first."""
    filters = {"state": "unknown", "instance": instance, "limit": str(limit)}
    rows = Client(data_dir).get("/api/v1/messages", filters)["messages"]
    columns = ("id", "to", "instance", "class", "unknown_at", "reason_code", "reason_text")
    show_rows(rows, columns, as_json=as_json, empty="Nothing is in doubt.")


@app.command()
def classes(
    name: Annotated[str | None, typer.Argument(help="reply, utility or marketing.")] = None,
    when_unknown: Annotated[str | None, typer.Option(help="hold = a person decides; resend = sent again.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What becomes of the doubts of each class; with a name and an option, change it."""
    if (name is None) != (when_unknown is None):
        raise typer.BadParameter("Give both to change one: a class, and --when-unknown hold or resend.")
    client = Client(data_dir)
    if name is not None:
        client.call("PATCH", f"/api/v1/classes/{quote(name, safe='')}", {"unknown": when_unknown})
    rows = client.call("GET", "/api/v1/classes")["classes"]
    show_rows(rows, ("name", "unknown"), as_json=as_json, empty="There are no classes.")


@app.command()
def show(message_id: MessageId, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """One message: where it stands, why, and everything that happened to it."""
    client = Client(data_dir)
    message = client.call("GET", f"/api/v1/messages/{message_id}")
    explained = client.call("GET", f"/api/v1/messages/{message_id}/explain")
    if as_json:
        show_json(message | {"explain": explained})
        return
    facts = {name: message.get(name) for name in _SHOWN}
    show_facts({**facts, "says": said(message.get("content"))}, as_json=False)
    console.print()
    _show_why(explained)


@app.command()
def explain(message_id: MessageId, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Why a message is not out yet: the one rule that limits it now, and everything that happened to it."""
    explained = Client(data_dir).call("GET", f"/api/v1/messages/{message_id}/explain")
    if as_json:
        show_json(explained)
    else:
        _show_why(explained)


def _show_why(explained: dict[str, Any]) -> None:
    console.print(Text(f"{explained['text']}{_estimate(explained)}\n"))
    for entry in explained["timeline"]:
        at = moment(entry["at"], parts="milliseconds")
        console.print(Text.assemble((at, "dim"), f"  {entry['what']}  {entry.get('detail') or ''}"))


def _estimate(explained: dict[str, Any]) -> str:
    if not explained["estimated_position"]:
        return ""
    at = explained["estimated_at"]
    when = f", and goes at about {moment(at)}" if at else ""
    return f"\nBy estimate it is number {explained['estimated_position']:,} in its lane{when}."


@app.command("reschedule")
def reschedule(
    message_id: MessageId,
    send_at: Annotated[str, typer.Option(help="Not before, e.g. 2026-01-31T09:00:00+01:00; a past one means now.")],
    send_zone: Zone = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Give a message that has not left another time."""
    wish = {"send_at": whole(send_at), "send_zone": send_zone}
    message = Client(data_dir).call("PATCH", f"/api/v1/messages/{message_id}", wish)
    shown = ("id", "state", "send_at")
    show_facts(message if as_json else {name: message[name] for name in shown}, as_json=as_json)


@app.command()
def cancel(message_id: MessageId, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Stop a message that has not left yet."""
    message = Client(data_dir).call("DELETE", f"/api/v1/messages/{message_id}")
    show_facts({"id": message["id"], "state": message["state"]}, as_json=as_json)


@app.command("edit")
def edit(
    message_id: MessageId,
    text: Annotated[str, typer.Option(help="The new words; of a file, its new caption.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Give a message that is out other words, within a quarter of an hour."""
    _acted(Client(data_dir).call("POST", f"/api/v1/messages/{message_id}/edit", {"text": text}), as_json=as_json)


@app.command("delete")
def delete(message_id: MessageId, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Delete a message that is out for everybody, within two days."""
    _acted(Client(data_dir).call("POST", f"/api/v1/messages/{message_id}/delete"), as_json=as_json)


def _acted(act: dict[str, Any], *, as_json: bool) -> None:
    show_facts(act, as_json=as_json)
    if act["outcome"] == "unknown":
        raise typer.Exit(1)


def whole(send_at: str) -> str:
    """A time as people write it, without seconds or with a day only, as the API reads it; the API judges the rest."""
    try:
        return datetime.fromisoformat(send_at).isoformat()
    except ValueError:
        return send_at
