"""`anclora retention plan|run|list`: months past their days leave the ledger as Parquet; works without a server."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from anclora.cli.actor import actor
from anclora.cli.backup_work import found_settings
from anclora.cli.database import with_database
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json, show_rows
from anclora.kit.clock import SystemClock
from anclora.kit.logging import configure_logging
from anclora.kit.settings import load_settings
from anclora.retention import Archived, archive_due, archived, open_house
from anclora.retention import plan as make_plan
from anclora.retention.model import Step

app = typer.Typer(no_args_is_help=True, help="Retention: old months to Parquet, proved there, then out of the ledger.")
_PLANNED = ("month", "messages", "attempts", "size")
_GONE = ("month", "messages", "attempts", "size", "place")


@app.command()
def plan(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Months that are past their days, and what keeps them; changes nothing. 1 = something keeps one."""
    days = load_settings().retention_days
    found = with_database(data_dir, lambda db: make_plan(db, SystemClock().now(), days=days))
    if as_json:
        show_json([msgspec.to_builtins(each) for each in found])
    else:
        rows = [{"month": each.month, **each.rows, "size": f"{each.bytes / 1e6:,.1f} MB"} for each in found]
        show_rows(rows, _PLANNED, as_json=False, empty=f"No month ended more than {days} days ago.")
        for each in found:
            for refusal in each.refusals:
                console.print(f"{each.month}: {refusal.words}", markup=False, style="red")
        if load_settings().retention_url is None:
            console.print("Nothing leaves: ANCLORA_RETENTION_URL is not set.", style="dim")
    if any(each.refusals for each in found):
        raise typer.Exit(1)


@app.command()
def run(
    most: Annotated[int | None, typer.Option(min=1, help="So many months and no more.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Archive every month past its days: written, sent, brought back, compared, dropped. 1 = one of them stays."""
    configure_logging("ERROR")
    house = open_house(found_settings(data_dir), SystemClock())
    words = Console(stderr=True)
    parts = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*parts, console=words, transient=True, disable=as_json or not words.is_terminal) as progress:
            done = asyncio.run(archive_due(house, actor=actor(), most=most, step=_telling(progress)))
    finally:
        house.close()
    if as_json:
        show_json(msgspec.to_builtins(done))
    else:
        _show(done.gone, as_json=False, empty="Nothing went." if done.alone else "Another process archives now.")
        for month in done.stayed:
            console.print(month.words, markup=False, style="red")
    if done.stayed or not done.alone:
        raise typer.Exit(1)


@app.command("list")
def find(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """The months that went, and where they lie."""
    _show(with_database(data_dir, archived), as_json=as_json, empty="No month was archived yet.")


def _telling(progress: Progress) -> Step:
    task = progress.add_task("archive", total=None)

    def step(what: str, done: int, whole: int | None) -> None:
        progress.update(task, description=what, completed=done, total=whole)

    return step


def _show(gone: Sequence[Archived], *, as_json: bool, empty: str) -> None:
    if as_json:
        show_json([msgspec.to_builtins(each) for each in gone])
        return
    rows: list[dict[str, Any]] = [
        {
            "month": each.month,
            **{file.table: file.rows for file in each.files},
            "size": f"{sum(file.bytes for file in each.files) / 1e6:,.1f} MB",
            "place": each.place,
        }
        for each in gone
    ]
    show_rows(rows, _GONE, as_json=False, empty=empty)
