"""`anclora smoke`: every critical path of a running server tried once, from outside."""

import asyncio
import re
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, show_json
from anclora.kit.clock import SystemClock
from anclora.kit.errors import InvalidError
from anclora.kit.wire import JsonClient
from anclora.smoke import Asked, Step, run

_NUMBER = re.compile(r"\+?[0-9]{6,15}")


def smoke(
    env: Annotated[str, typer.Option(help="What this server is called: production, staging; the message says it.")],
    to: Annotated[
        str, typer.Option(envvar="ANCLORA_SMOKE_TO", help="A test number of yours, which gets one message.")
    ] = "",
    base_url: Annotated[
        str | None, typer.Option(help="Where the server is; by default ANCLORA_URL, or what `anclora up` wrote down.")
    ] = None,
    instance: Annotated[
        str | None, typer.Option(help="The number that writes; by default the first connected.")
    ] = None,
    patience_seconds: Annotated[
        float, typer.Option(min=1, max=600, help="How long the message may take to its receipt.")
    ] = 60.0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Health, metrics, refusal, webhook, and one message to a test number through to its receipt; 1 when one fails.

    Safe in production: the message is marked, and no figure counts it.
    """
    number = smoke_number(to)
    known = Client(data_dir)
    asked = Asked(env=env, to=number, instance=instance, patience_seconds=patience_seconds)
    steps = asyncio.run(_walk(base_url or known.url, known.headers, asked))
    failed = [step.name for step in steps if not step.good]
    if as_json:
        show_json({"env": env, "good": not failed, "steps": msgspec.to_builtins(steps)})
    else:
        _show(steps)
        console.print(f"{env}: {'failed: ' + ', '.join(failed) if failed else 'every path goes'}", style="bold")
    if failed:
        raise typer.Exit(1)


def smoke_number(text: str) -> str:
    """A number that may get the message; raises `InvalidError` for what is none."""
    if not _NUMBER.fullmatch(text):
        raise InvalidError("Name a test number that gets one message, e.g. --to +34600111222, or set ANCLORA_SMOKE_TO.")
    return text


async def _walk(url: str, headers: dict[str, str], asked: Asked) -> list[Step]:
    client, stranger = (JsonClient(url, headers=given, timeout_seconds=15.0) for given in (headers, None))
    try:
        return await run(client, stranger, asked, SystemClock())
    finally:
        await client.close()
        await stranger.close()


def _show(steps: list[Step]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("path", "", "seconds", ""):
        table.add_column(title, justify="right" if title == "seconds" else "left", overflow="fold")
    for step in steps:
        mark = "[green]goes[/green]" if step.good else "[red]fails[/red]"
        table.add_row(step.name, mark, f"{step.seconds:.1f}", step.says)
    console.print(table)
