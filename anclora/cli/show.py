"""How answers look: JSON for programs, a table for people."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console(soft_wrap=True)


def show_json(value: Any) -> None:
    """One JSON document."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def show_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """A table of these columns, or the rows as JSON; `empty` is the sentence for none."""
    if as_json:
        show_json(list(rows))
        return
    if not rows:
        console.print(empty)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), no_wrap=column in ("id", "state", "to"))
    for row in rows:
        table.add_row(*("" if row.get(column) is None else str(row[column]) for column in columns))
    console.print(table)


def show_facts(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Names and values, one a line, or JSON."""
    if as_json:
        show_json(dict(facts))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    for name, value in facts.items():
        if value not in (None, [], ""):
            table.add_row(name.replace("_", " "), str(value))
    console.print(table)
