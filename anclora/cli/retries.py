"""`anclora queue retries`: how often and after how long a refused message is tried again."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from anclora.cli.client import Client
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_facts, show_rows

_COLUMNS = ("failure", "tries", "base_seconds", "factor", "cap_seconds", "jitter", "own")
_NAMES = _COLUMNS[1:-1]


def retries(
    failure: Annotated[
        str | None, typer.Argument(help="message, recipient, lane, account, template, or a reason code.")
    ] = None,
    tries: Annotated[int | None, typer.Option(help="That count; then a message is dead.")] = None,
    base_seconds: Annotated[float | None, typer.Option(help="The first wait.")] = None,
    factor: Annotated[float | None, typer.Option(help="By which each wait is longer than the one before.")] = None,
    cap_seconds: Annotated[float | None, typer.Option(help="The longest wait, the provider's wish included.")] = None,
    jitter: Annotated[float | None, typer.Option(help="0 to 1: how uneven the waits are.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Forget what was chosen for it.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What is done about refusals; with a failure and options, change it while everything runs."""
    values = (tries, base_seconds, factor, cap_seconds, jitter)
    given: dict[str, Any] = {name: value for name, value in zip(_NAMES, values, strict=True) if value is not None}
    change = dict.fromkeys(_NAMES) | given if default else given
    if failure is None and change:
        raise typer.BadParameter("Name the failure to change: a scope, or a reason code.")
    client = Client(data_dir)
    if failure is not None and change:
        row = client.call("PATCH", f"/api/v1/retries/{quote(failure, safe='')}", change)
        show_facts(row if as_json else _shown(row), as_json=as_json)
        return
    rows = [row for row in client.call("GET", "/api/v1/retries")["retries"] if failure in (None, row["failure"])]
    empty = f"Nothing was chosen for {failure}: it is tried again as its scope is."
    show_rows(rows if as_json else [_shown(row) for row in rows], _COLUMNS, as_json=as_json, empty=empty)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: "" if row[name] is None else f"{row[name]:g}" for name in _NAMES}
    return {"failure": row["failure"], **numbers, "own": ", ".join(row["own"])}
