"""`anclora drill run|list|history`."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from anclora.cli.client import Client
from anclora.cli.drill.run import play
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json, show_rows
from anclora.drills import MONTHLY, TARGETS, Drill, Scenario, Step, last_line, report
from anclora.kit.errors import AncloraError, InvalidError, SetupError

app = typer.Typer(no_args_is_help=True, help="Disasters, rehearsed on a private installation.")
_ALL = "monthly"
_COLUMNS = ("started_at", "scenario", "back after", "lost", "doubled", "messages", "verdict")


@app.command()
def run(
    scenario: Annotated[
        str, typer.Argument(help=f"{_ALL} = all of them, or one: {', '.join(each.value for each in Scenario)}.")
    ] = _ALL,
    messages: Annotated[int, typer.Option(min=100, max=100_000, help="How many are on their way.")] = 5_000,
    report_to: Annotated[Path | None, typer.Option("--report", help="Write the report there, as Markdown.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Break something on a private installation and measure how it comes back; needs nothing that runs.

    A server that runs (`anclora up`, or ANCLORA_URL and API_KEY) is told of the result, for its history and alerts.
    Ends with 1 when something was not as promised.
    """
    words = Console(stderr=True, soft_wrap=True) if as_json else console
    drills = [_played(each, messages, words) for each in _chosen(scenario)]
    if report_to:
        _write(report_to, report(drills))
    _tell(drills, data_dir, words)
    if as_json:
        show_json(msgspec.to_builtins(drills))
    else:
        _show(drills)
        print(last_line(drills))
    if not all(drill.passed for drill in drills):
        raise typer.Exit(1)


@app.command("list")
def scenarios(as_json: AsJson = False) -> None:
    """What can be rehearsed, and what is promised."""
    rows = [
        {
            "scenario": each.value,
            "RTO": f"{target.rto_seconds / 60:.0f} min",
            "RPO": f"{target.rpo_seconds:.0f} s",
            "about": target.about,
        }
        for each, target in TARGETS.items()
    ]
    show_rows(rows, ("scenario", "RTO", "RPO", "about"), as_json=as_json, empty="")


@app.command()
def history(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The drills the server knows of, the newest first."""
    found = Client(data_dir).get("/api/v1/drills", {"limit": str(limit)})["drills"]
    rows = found if as_json else [_row(msgspec.convert(each["drill"], Drill)) for each in found]
    show_rows(rows, _COLUMNS, as_json=as_json, empty="None yet. Rehearse: anclora drill run")


def _chosen(name: str) -> tuple[Scenario, ...]:
    if name == _ALL:
        return MONTHLY
    try:
        return (Scenario(name),)
    except ValueError as error:
        known = ", ".join([_ALL, *(each.value for each in Scenario)])
        raise InvalidError(f"There is no scenario {name!r}. Choose from: {known}.") from error


def _played(scenario: Scenario, messages: int, words: Console) -> Drill:
    words.print(f"[bold]{scenario.value}[/bold]: {TARGETS[scenario].about}", highlight=False)

    def say(step: Step) -> None:
        words.print(f"  [dim]{step.at_seconds:6.1f} s[/dim]  {step.what}", highlight=False)

    return asyncio.run(play(scenario, messages, say))


def _show(drills: list[Drill]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in _COLUMNS[1:]:
        table.add_column(column, justify="left" if column in ("scenario", "verdict") else "right")
    for drill in drills:
        table.add_row(*(_row(drill)[column] for column in _COLUMNS[1:]))
    console.print()
    console.print(table)
    for drill in drills:
        for failure in drill.failures:
            console.print(f"[red]{drill.scenario.value}: {failure}[/red]", highlight=False)


def _row(drill: Drill) -> dict[str, str]:
    return {
        "started_at": drill.started_at.isoformat(),
        "scenario": drill.scenario.value,
        "back after": "never" if drill.rto_seconds is None else f"{drill.rto_seconds:.1f} s",
        "lost": str(drill.lost),
        "doubled": str(drill.doubled),
        "messages": f"{drill.messages:,}",
        "verdict": "passed" if drill.passed else "FAILED",
    }


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidError(f"The report cannot be written to {path}: {error.strerror or error}.") from error


def _tell(drills: list[Drill], data_dir: Path, words: Console) -> None:
    """Tell a server that runs; a drill without one is a drill all the same, and the reader learns that it was alone."""
    try:
        client = Client(data_dir)
        for drill in drills:
            client.call("POST", "/api/v1/drills", msgspec.to_builtins(drill))
    except SetupError:
        words.print("[dim]No server was told (there is no API key), so no history was kept.[/dim]")
    except AncloraError as error:
        words.print(f"[yellow]No server was told, so no history was kept: {error.detail}[/yellow]", highlight=False)
