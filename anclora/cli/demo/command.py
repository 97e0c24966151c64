"""`anclora demo`: the command, and what its end means."""

import asyncio
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from anclora.cli.demo.run import run
from anclora.cli.demo.table import show
from anclora.cli.options import AsJson
from anclora.cli.show import console, show_json


def demo(
    count: Annotated[int, typer.Option("--messages", min=50, max=100_000, help="How many.")] = 5_000,
    swallow: Annotated[
        int | None, typer.Option(help="The sandbox accepts this serial number and never sends it.")
    ] = None,
    double: Annotated[int | None, typer.Option(help="The sandbox sends this serial number twice.")] = None,
    as_json: AsJson = False,
) -> None:
    """The main job from start to end; exits 0 only when nothing was lost or doubled."""
    words = Console(stderr=True) if as_json else console
    figures, verdict = asyncio.run(run(count, words, swallow=swallow, double=double))
    if as_json:
        show_json(msgspec.to_builtins(figures) | msgspec.to_builtins(verdict))
    else:
        show(console, figures, verdict)
    if not verdict.good:
        raise typer.Exit(1)
