"""How answers look: JSON for programs, a table for people."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(soft_wrap=True)
_ONE_LINE = ("id", "failure", "state", "to", "name", "status", "prefix", "instance")
_NUMBERS = ("waiting", "active", "delayed", "held")


def show_json(value: Any) -> None:
    """One JSON document."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str), flush=True)


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
        whole = column in _ONE_LINE or column.endswith(("_at", "since"))
        table.add_column(_title(column), no_wrap=whole, justify="right" if column in _NUMBERS else "left")
    for row in rows:
        table.add_row(*(_cell(column, row.get(column)) for column in columns))
    console.print(table)


def show_facts(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Names and values, one a line, or JSON."""
    if as_json:
        show_json(dict(facts))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in facts.items():
        if value not in (None, [], ""):
            table.add_row(_title(name), _cell(name, value))
    console.print(table)


def moment(text: str, *, parts: str = "seconds") -> str:
    """An ISO 8601 moment in UTC as people read it: `2026-01-31 08:00:00 UTC`; to the millisecond when asked."""
    digits = 23 if parts == "milliseconds" else 19
    return f"{text[:digits].replace('T', ' ')} UTC"


def _title(name: str) -> str:
    return name.removesuffix("_at").replace("_", " ") if name != "send_at" else "send at"


def _cell(name: str, value: Any) -> Text:
    """The value as it is: never read as markup, since it may be somebody else's words."""
    if value is None or value is False:
        return Text("")
    if value is True:
        return Text("yes")
    return Text(moment(str(value)) if name.endswith(("_at", "since")) else str(value))
