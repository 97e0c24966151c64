"""`anclora conversations list|show|handoff|claim|release|close`: who talks with us, and who has it."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.conversations import HandoffReason

app = typer.Typer(no_args_is_help=True, help="Conversations: who talks with us, and who has it.")
_PATH = "/api/v1/conversations"
_COLUMNS = ("id", "state", "who", "waited", "handoff", "agent")
_TIMELINE = ("at", "what", "text", "agent", "reason", "note", "by")
Id = Annotated[UUID, typer.Argument(metavar="ID", help="Its id, as the list shows it.")]


@app.command("list")
def find(
    state: Annotated[str | None, typer.Option(help="active, open, waiting, claimed or closed.")] = None,
    instance: Annotated[str | None, typer.Option(help="Only this number of ours.")] = None,
    handoff_reason: Annotated[
        HandoffReason | None, typer.Option("--handoff", help="Only those handed off for this reason.")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only those this agent has, or had last.")] = None,
    since: Annotated[str | None, typer.Option(help="Opened then or later, e.g. 2026-01-31T09:00:00+01:00.")] = None,
    before: Annotated[UUID | None, typer.Option(help="Last id of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Conversations, the newest first."""
    asked = {
        "state": state,
        "instance": instance,
        "handoff": handoff_reason.value if handoff_reason else None,
        "agent": agent,
        "since": since,
        "before": before,
        "limit": limit,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    page = Client(data_dir).call("GET", f"{_PATH}?{urlencode(given)}")
    if as_json:
        show_json(page)
        return
    rows = [
        row | {"who": row["name"] or row["phone"], "waited": _waited(row), "handoff": row["handoff_reason"]}
        for row in page["conversations"]
    ]
    show_rows(rows, _COLUMNS, as_json=False, empty="There is no such conversation.")


@app.command()
def show(conversation_id: Id, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """One conversation, and what was said and done in it."""
    found = Client(data_dir).call("GET", f"{_PATH}/{conversation_id}")
    if as_json:
        show_json(found)
        return
    show_facts(found["conversation"], as_json=False)
    console.print()
    show_rows(found["timeline"], _TIMELINE, as_json=False, empty="Nothing was said.")
    if not found["whole"]:
        console.print("Earlier entries are left out.")


@app.command()
def handoff(
    conversation_id: Id,
    reason: Annotated[HandoffReason, typer.Option(help="Why a person is asked for.")],
    note: Annotated[str | None, typer.Option(help="What that person should know.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Ask for a person; whoever had it has it no more."""
    _act(data_dir, conversation_id, "handoff", {"reason": reason.value, "note": note}, as_json=as_json)


@app.command()
def claim(
    conversation_id: Id,
    agent: Annotated[str, typer.Option(help="Who takes it, by name.")],
    instead_of: Annotated[str | None, typer.Option(help="Who has it now, to take it over.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Take it. Ends with 1 when another has it."""
    _act(data_dir, conversation_id, "claim", {"agent": agent, "instead_of": instead_of}, as_json=as_json)


@app.command()
def release(
    conversation_id: Id,
    agent: Annotated[str | None, typer.Option(help="Only if this agent has it.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Give it back; nobody has it then."""
    _act(data_dir, conversation_id, "release", {"agent": agent}, as_json=as_json)


@app.command()
def close(
    conversation_id: Id,
    why: Annotated[str, typer.Option(help="How it ended.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """End it; what the person says next opens a new one."""
    _act(data_dir, conversation_id, "close", {"why": why}, as_json=as_json)


def _act(data_dir: Path, conversation_id: UUID, verb: str, wish: dict[str, str | None], *, as_json: bool) -> None:
    found = Client(data_dir).call("POST", f"{_PATH}/{conversation_id}/{verb}", wish)
    show_facts(found, as_json=as_json)


def _waited(row: dict[str, Any]) -> str | None:
    """How long the person waited for the first answer, as people read it."""
    seconds = row["first_response_seconds"]
    if seconds is None:
        return "not yet" if row["closed_at"] is None else "never"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
