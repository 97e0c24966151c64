"""`anclora capacity report|forecast|recommend|what-if`: what can be sent, what is to come, what to do about it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from anclora.capacity import Foresight, WhatIf, advise, chart_of, foresee, moment_of, read_bench, what_if
from anclora.capacity import report as make_report
from anclora.capacity.model import Bench
from anclora.capacity.rules import step_of
from anclora.cli.capacity_show import show_advice, show_foresight, show_report, show_what_if
from anclora.cli.database import with_database
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json
from anclora.kit.clock import Clock, SystemClock
from anclora.kit.errors import InvalidError
from anclora.kit.settings import Settings, load_settings
from anclora.storage.database import Database

app = typer.Typer(no_args_is_help=True, help="Capacity: what can be sent, which ceiling binds, and when it is reached.")
BenchFile = Annotated[
    Path | None, typer.Option("--bench", help="File of make bench with commit and date; ANCLORA_BENCH_FILE by default.")
]
Found = TypeVar("Found")


@app.command()
def report(bench: BenchFile = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """The five ceilings, the one that binds, and what 1,000 delivered messages cost."""
    found = _asked(data_dir, bench, make_report)
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        show_report(found)


@app.command()
def forecast(
    bench: BenchFile = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="File the chart is written to.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The days to come with a back-tested interval, their peaks, and the date the next ceiling is reached."""
    found: Foresight = _asked(data_dir, bench, foresee)
    if svg is not None:
        _write(svg, chart_of(found))
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        show_foresight(found)
        if svg is not None:
            console.print(f"Drawn: {svg}", style="dim", highlight=False)


@app.command()
def recommend(
    step: Annotated[
        str | None,
        typer.Option(help="Only scale-out, scale-up or raise-sender-limits; add-tasks and increase-resources too."),
    ] = None,
    bench: BenchFile = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Which rules of the playbook fire on the last 30 days, and what follows."""
    only = step_of(step) if step is not None else None
    found = _asked(data_dir, bench, advise)
    if only is not None:
        found = msgspec.structs.replace(
            found,
            rules=tuple(rule for rule in found.rules if rule.step is only),
            todo=tuple(todo for todo in found.todo if todo.step is only),
        )
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        show_advice(found)


@app.command(name="what-if")
def what_if_command(
    messages: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many more.")],
    by: Annotated[str, typer.Option(help="18:00 by the business clock (today, or tomorrow), or a moment.")],
    workers: Annotated[int | None, typer.Option(min=0, max=1_000, help="As if so many dispatch processes ran.")] = None,
    bench: BenchFile = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Can so many more be sent by then? Exits 0 on yes only."""
    until = moment_of(by, now=SystemClock().now(), zone=load_settings().timezone)

    async def ask(db: Database, settings: Settings, clock: Clock, measured: Bench) -> WhatIf:
        return await what_if(db, settings, clock, measured, messages=messages, by=until, workers=workers)

    found = _asked(data_dir, bench, ask)
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        show_what_if(found, load_settings().timezone)
    if found.answer != "yes":
        raise typer.Exit(1)


def _asked(
    data_dir: Path, bench: Path | None, ask: Callable[[Database, Settings, Clock, Bench], Awaitable[Found]]
) -> Found:
    settings = load_settings()
    measured = read_bench(bench or settings.bench_file)
    return with_database(data_dir, lambda db: ask(db, settings, SystemClock(), measured))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidError(f"{path} cannot be written: {error.strerror or error}.") from error
