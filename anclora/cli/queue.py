"""`anclora queue`: what waits, and where; its stops (`gates`), its dead letters, and the lanes made anew."""

import time
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from anclora.cli import dead_letters, gates, retries
from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_facts, show_json, show_rows
from anclora.kit.errors import UnavailableError

app = typer.Typer(help="What waits, in all and number by number; and operations on it.")
app.add_typer(dead_letters.app, name="dlq")
for command in (gates.pause, gates.resume, gates.drain, gates.strike, gates.unstrike, gates.gates, gates.quiet):
    app.command()(command)
app.command()(retries.retries)
_LOOK_SECONDS = 0.5

_ALWAYS = ("instance", "waiting", "active", "delayed", "held")
_LANE = ("instance", "waiting", "active", "delayed", "held", "paused", "why", "stopped", "a minute", "in 24 h")


@app.callback(invoke_without_command=True)
def queue(context: typer.Context, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """What waits, in all and number by number."""
    if context.invoked_subcommand is None:
        overview(data_dir, as_json=as_json)


def overview(data_dir: Path, *, as_json: bool = False) -> None:
    """The counts, and a table of the lanes."""
    figures = Client(data_dir).call("GET", "/queue/metrics")
    if as_json:
        show_json(figures)
        return
    lanes = figures.pop("lanes", None)
    show_facts(figures, as_json=False)
    console.print()
    if lanes is None:
        console.print("Redis is away: what is queued counts as waiting, and no lane can be shown.")
        return
    rows = [{**lane, **_pace(lane)} for lane in lanes]
    columns = [name for name in _LANE if name in _ALWAYS or any(row[name] for row in rows)]
    show_rows(rows, columns, as_json=False, empty="Every lane is empty, and none is stopped.")


def _pace(lane: dict[str, Any]) -> dict[str, str]:
    cap = lane["cap_24h"]
    return {
        "stopped": "" if lane["paused"] else ", ".join(lane["closed"]),
        "a minute": f"{lane['per_minute']:g}" if lane["per_minute"] else "",
        "in 24 h": f"{lane['sent_24h'] or 0:,} of {cap:,}" if cap else "",
    }


@app.command()
def rebuild(
    wait_seconds: int = typer.Option(300, min=1, help="How long to wait for its end."),
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Put into the lanes what the ledger says and they lack, while everything runs. What they hold already stays."""
    client = Client(data_dir)
    before = client.call("POST", "/api/v1/queue/rebuild")
    deadline = time.monotonic() + wait_seconds
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=as_json or not console.is_terminal) as progress:
        progress.add_task("the lanes are being filled from the ledger")
        while (now := client.call("GET", "/api/v1/queue/rebuild"))["epoch"] <= before["epoch"]:
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"The rebuild has not ended in {wait_seconds} s; it goes on. Is a process with --role work running?"
                )
            time.sleep(_LOOK_SECONDS)
    if as_json:
        show_json(now)
    else:
        console.print(f"The lanes have what the ledger says (epoch {now['epoch']}).")
