"""`anclora sandbox`: somebody else's API, on this machine and on purpose wrong where a script says so."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from anclora.cli.options import Port
from anclora.kit.logging import configure_logging
from anclora.providers.sandbox.graph_script import load_graph_script
from anclora.providers.sandbox.graph_server import run_graph
from anclora.providers.sandbox.script import load_script
from anclora.providers.sandbox.server import run_sandbox


class Dialect(StrEnum):
    """Whose API a sandbox speaks."""

    EVOLUTION = "evolution"
    GRAPH = "graph"


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
