"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path, typer.Option("--data-dir", envvar="ANCLORA_DATA_DIR", help="Where `up` keeps its files.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="TCP port of the API.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_DATA_DIR = Path(".anclora")
