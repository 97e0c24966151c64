"""The commands, put together."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from anclora import __version__
from anclora.cli import contacts, instances, keys, messages, queue
from anclora.cli.demo.run import run as run_demo
from anclora.cli.demo.table import show as show_demo
from anclora.cli.options import DEFAULT_DATA_DIR, DataDir
from anclora.cli.serve import run as run_serve
from anclora.cli.show import console
from anclora.cli.up import run as run_up
from anclora.kit.errors import SetupError
from anclora.kit.logging import configure_logging
from anclora.kit.settings import load_settings
from anclora.providers.sandbox.script import load_script
from anclora.providers.sandbox.server import run_sandbox
from anclora.storage.migrate import migrate as run_migrate
from anclora.workers import Role

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Anclora: a WhatsApp platform that never loses or doubles a message, and runs itself.",
)
app.command("send")(messages.send)
app.add_typer(messages.app, name="messages")
app.command("queue")(queue.queue)
app.command("instances")(instances.instances)
app.add_typer(contacts.app, name="contacts")
app.add_typer(keys.app, name="keys")

Port = Annotated[int, typer.Option(min=1, max=65535, help="TCP port of the API.")]


@app.command()
def version() -> None:
    """The version."""
    print(__version__)


@app.command()
def up(port: Port = 8000, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Everything on this machine: private servers, a sandbox unless Evolution API is configured, and the product."""
    asyncio.run(run_up(data_dir, port))


@app.command()
def demo(
    count: Annotated[int, typer.Option("--messages", min=50, max=100_000, help="How many.")] = 5_000,
    swallow: Annotated[
        int | None, typer.Option(help="The sandbox accepts this serial number and never sends it.")
    ] = None,
    double: Annotated[int | None, typer.Option(help="The sandbox sends this serial number twice.")] = None,
) -> None:
    """The main job from start to end; exits 0 only when nothing was lost or doubled."""
    figures, verdict = asyncio.run(run_demo(count, swallow=swallow, double=double))
    show_demo(console, figures, verdict)
    if not verdict.good:
        raise typer.Exit(1)


@app.command()
def serve(
    role: Annotated[Role, typer.Option(help="What this process does.")] = Role.ALL,
    port: Port = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """One process of the product, until SIGTERM."""
    run_serve(load_settings(), {role}, host=host, port=port)


@app.command()
def migrate() -> None:
    """Bring the schema up to date."""
    settings = load_settings()
    if settings.database_url is None:
        raise SetupError("DATABASE_URL is not set; `anclora up` migrates its private server by itself.")
    done = run_migrate(settings.database_url)
    print("\n".join(f"applied {name}" for name in done) or "the schema is up to date")


@app.command()
def sandbox(
    port: Port = 8085,
    script: Annotated[Path | None, typer.Option(help="What goes wrong, as TOML or JSON.")] = None,
    witness: Annotated[Path, typer.Option(help="File that gets what really went out.")] = Path("witness.jsonl"),
    api_key: Annotated[str, typer.Option(envvar="SANDBOX_API_KEY", help="Its global key.")] = "sandbox",
) -> None:
    """A server that speaks Evolution API, for tests and first steps."""
    configure_logging("INFO")
    run_sandbox(load_script(script), witness, port=port, api_key=api_key)
