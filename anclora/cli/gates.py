"""`anclora queue pause|resume|strike|unstrike|gates|quiet|drain`: stop a part of the queue, let it go, stand still."""

import time
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json, show_rows
from anclora.messages.model import MessageClass

_COLUMNS = ("what", "value", "instance", "why", "closed_at")
_LOOK_SECONDS = 0.5
Everything = Annotated[bool, typer.Option("--all", help="Everything.")]
Instance = Annotated[str | None, typer.Option(help="This number of ours.")]
Level = Annotated[
    str | None, typer.Option("--priority", help="critical, high, normal or low; with --instance there only.")
]
Kind = Annotated[str | None, typer.Option("--class", help="reply, utility or marketing.")]
Campaign = Annotated[UUID | None, typer.Option(help="This campaign, by its id.")]
Why = Annotated[str | None, typer.Option(help="The reason, for whoever looks later.")]
Tag = Annotated[str, typer.Argument(help="A tag of messages.")]


def pause(
    everything: Everything = False,
    instance: Instance = None,
    level: Level = None,
    kind: Kind = None,
    campaign: Campaign = None,
    why: Why = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Stop a part of the queue, until it is resumed; no try is lost by it."""
    choice = _choice(instance, level, kind, campaign, everything=everything)
    _act(data_dir, "pause", choice | ({"why": why} if why else {}), as_json=as_json)


def resume(
    everything: Everything = False,
    instance: Instance = None,
    level: Level = None,
    kind: Kind = None,
    campaign: Campaign = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Let it go on, in its old order and at its number's pace."""
    _act(data_dir, "resume", _choice(instance, level, kind, campaign, everything=everything), as_json=as_json)


def strike(tag: Tag, why: Why = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Hold every message with this tag, waiting or new."""
    _act(data_dir, "pause", {"tag": tag} | ({"why": why} if why else {}), as_json=as_json)


def unstrike(tag: Tag, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Let messages with this tag go on."""
    _act(data_dir, "resume", {"tag": tag}, as_json=as_json)


def gates(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """What is stopped now, since when and why; and the quiet hours."""
    _show(Client(data_dir).call("GET", "/api/v1/queue/gates"), as_json=as_json)


def quiet(
    kind: Annotated[MessageClass | None, typer.Argument(metavar="CLASS", help="utility or marketing.")] = None,
    hours: Annotated[
        str | None, typer.Argument(metavar="HOURS", help="21:00-09:00 by the recipients' clocks, or off.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The quiet hours of every class; with a class and hours, set them."""
    client = Client(data_dir)
    if kind is None:
        answer = client.call("GET", "/api/v1/queue/gates")
    elif hours is None:
        raise typer.BadParameter("Say the hours too: 21:00-09:00, or off.", param_hint="HOURS")
    else:
        body = {"hours": None if hours == "off" else hours}
        answer = client.call("PUT", f"/api/v1/queue/quiet-hours/{quote(kind)}", body)
    if as_json:
        show_json(answer["quiet_hours"])
    else:
        _show_quiet(answer["quiet_hours"])


def drain(
    wait_seconds: Annotated[int, typer.Option(min=1, help="How long to wait for what is in flight.")] = 90,
    why: Annotated[str, typer.Option(help="The reason, for whoever looks later.")] = "drain",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Stop everything, and wait until nothing is in flight. Ends with 1 when something still is."""
    client = Client(data_dir)
    client.call("POST", "/api/v1/queue/pause", {"everything": True, "why": why})
    deadline = time.monotonic() + wait_seconds
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=as_json or not console.is_terminal) as progress:
        task = progress.add_task("the lanes are told")
        while not (now := client.call("GET", "/api/v1/queue/drain"))["drained"] and time.monotonic() < deadline:
            progress.update(task, description=_far(now))
            time.sleep(_LOOK_SECONDS)
    figures = client.call("GET", "/queue/metrics")
    left = {name: figures[name] for name in ("waiting", "delayed", "held", "scheduled", "unknown")}
    if as_json:
        show_json(now | {"left": left})
    else:
        _tell_drained(now, left)
    if not now["drained"]:
        raise typer.Exit(1)


def _tell_drained(now: dict[str, Any], left: dict[str, int]) -> None:
    if now["drained"]:
        console.print("Nothing is in flight, and nothing is claimed.")
    else:
        console.print(f"Not still yet: {_far(now)}. The stop stays; look again: anclora queue drain")
    kept = ", ".join(f"{count:,} {name}" for name, count in left.items() if count)
    console.print(f"Left: {kept or 'nothing'}. Let it go on: anclora queue resume --all")


def _far(now: dict[str, Any]) -> str:
    if not now["stopped"]:
        return "somebody resumed everything meanwhile"
    if now["open_lanes"]:
        return f"{len(now['open_lanes'])} lanes have not heard of it; is a process with --role work running?"
    return f"{max(now['sending'], now['in_flight']):,} in flight"


def _choice(
    instance: str | None, level: str | None, kind: str | None, campaign: UUID | None, *, everything: bool
) -> dict[str, Any]:
    named = {
        "everything": everything or None,
        "instance": instance,
        "priority": level,
        "class": kind,
        "campaign_id": str(campaign) if campaign else None,
    }
    return {name: value for name, value in named.items() if value is not None}


def _act(data_dir: Any, verb: str, choice: dict[str, Any], *, as_json: bool) -> None:
    _show(Client(data_dir).call("POST", f"/api/v1/queue/{verb}", choice), as_json=as_json)


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(answer)
        return
    show_rows(answer["gates"], _COLUMNS, as_json=False, empty="Nothing is stopped.")
    if answer["quiet_hours"]:
        console.print()
        _show_quiet(answer["quiet_hours"])


def _show_quiet(hours: dict[str, str]) -> None:
    rows = [{"class": kind, "quiet hours": window} for kind, window in hours.items()]
    show_rows(rows, ("class", "quiet hours"), as_json=False, empty="No class keeps quiet hours.")
