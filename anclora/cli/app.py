"""The commands, put together."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from anclora import __version__
from anclora.cli import (
    alerts,
    analytics,
    contacts,
    conversations,
    conversions,
    gestures,
    hooks,
    inbound,
    incidents,
    instances,
    keys,
    links,
    messages,
    notify,
    oncall,
    queue,
    report,
    templates,
)
from anclora.cli.demo.run import run as run_demo
from anclora.cli.demo.table import show as show_demo
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.send import send as run_send
from anclora.cli.serve import run as run_serve
from anclora.cli.show import console, show_json
from anclora.cli.up import run as run_up
from anclora.kit.errors import SetupError
from anclora.kit.logging import configure_logging
from anclora.kit.settings import load_settings
from anclora.providers.sandbox.graph_script import load_graph_script
from anclora.providers.sandbox.graph_server import run_graph
from anclora.providers.sandbox.script import load_script
from anclora.providers.sandbox.server import run_sandbox
from anclora.storage.migrate import migrate as run_migrate
from anclora.workers import Role

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Anclora: a WhatsApp platform that never loses or doubles a message, and runs itself.",
)
_START, _DAILY, _PARTS = "Start here", "Every day", "The parts, one by one"


class Dialect(StrEnum):
    """Whose API a sandbox speaks."""

    EVOLUTION = "evolution"
    GRAPH = "graph"


Port = Annotated[int, typer.Option(min=1, max=65535, help="TCP port of the API.")]


@app.command(rich_help_panel=_START)
def up(port: Port = 8000, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Everything on this machine: private servers, a sandbox unless Evolution API is configured, and the product."""
    asyncio.run(run_up(data_dir, port, as_json=as_json))


@app.command(rich_help_panel=_START)
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
    figures, verdict = asyncio.run(run_demo(count, words, swallow=swallow, double=double))
    if as_json:
        show_json(msgspec.to_builtins(figures) | msgspec.to_builtins(verdict))
    else:
        show_demo(console, figures, verdict)
    if not verdict.good:
        raise typer.Exit(1)


app.command("send", rich_help_panel=_DAILY)(run_send)
gestures.add_to(instances.app)
_NOUNS = (
    *(messages, inbound, conversations, queue, instances, contacts),
    *(analytics, conversions, links, templates, hooks, report, notify),
    *(alerts, incidents, oncall, keys),
)
for noun in _NOUNS:
    app.add_typer(noun.app, name=noun.__name__.rpartition(".")[2], rich_help_panel=_DAILY)


@app.command(rich_help_panel=_PARTS)
def serve(
    role: Annotated[Role, typer.Option(help="What this process does.")] = Role.ALL,
    port: Port = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """One process of the product, until SIGTERM."""
    run_serve(load_settings(), {role}, host=host, port=port)


@app.command(rich_help_panel=_PARTS)
def migrate(as_json: AsJson = False) -> None:
    """Bring the schema up to date."""
    settings = load_settings()
    if settings.database_url is None:
        raise SetupError("DATABASE_URL is not set; `anclora up` migrates its private server by itself.")
    done = run_migrate(settings.database_url)
    if as_json:
        show_json({"applied": list(done)})
        return
    print("\n".join(f"applied {name}" for name in done) or "the schema is up to date")


@app.command(rich_help_panel=_PARTS)
def sandbox(
    port: Port = 8085,
    script: Annotated[Path | None, typer.Option(help="What goes wrong, as TOML or JSON.")] = None,
    witness: Annotated[Path, typer.Option(help="File that gets what really went out.")] = Path("witness.jsonl"),
    api_key: Annotated[str, typer.Option(envvar="SANDBOX_API_KEY", help="Its global key.")] = "sandbox",
    speaks: Annotated[Dialect, typer.Option(help="Whose API it speaks.")] = Dialect.EVOLUTION,
) -> None:
    """A server that speaks Evolution API or Meta's Graph, for tests and first steps."""
    configure_logging("INFO")
    if speaks is Dialect.GRAPH:
        run_graph(load_graph_script(script), witness, port=port)
        return
    run_sandbox(load_script(script), witness, port=port, api_key=api_key)


@app.command(rich_help_panel=_PARTS)
def version(as_json: AsJson = False) -> None:
    """The version."""
    if as_json:
        show_json({"version": __version__})
    else:
        print(__version__)
