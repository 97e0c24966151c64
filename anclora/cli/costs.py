"""`anclora costs review`: what Amazon charged last month, beside the month before, per 1,000 delivered messages."""

from typing import Annotated

import msgspec
import typer
from rich.table import Table

from anclora.cli.database import with_database
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import console, moment, show_json
from anclora.costs import Line, Review
from anclora.costs import review as make_review
from anclora.costs.rules import MICROS
from anclora.kit.clock import SystemClock
from anclora.kit.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Costs: what Amazon charged, and what a message costs.")
_SHOWN = 15


@app.callback()
def costs() -> None:
    """Costs: what Amazon charged, and what a message costs."""


@app.command()
def review(
    tag: Annotated[
        str | None, typer.Option(help="Cost allocation tag that is summed by; ANCLORA_COSTS_TAG by default.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """The last full month by service and tag, beside the month before; Cost Explorer is asked once a day."""
    chosen = tag or load_settings().costs_tag
    found = with_database(data_dir, lambda db: make_review(db, SystemClock().now(), tag=chosen))
    if as_json:
        show_json(msgspec.to_builtins(found))
        return
    _show_table(found, "service", found.services)
    console.print()
    _show_table(found, f"tag {found.tag}", found.tags)
    now, before = (_price(each) for each in (found.per_thousand_micros, found.per_thousand_before_micros))
    console.print(f"\n1,000 delivered messages: {now} (before: {before} {found.currency})", highlight=False)
    console.print(f"Delivered: {found.delivered:,} (before: {found.delivered_before:,})", highlight=False)
    if found.estimated:
        console.print("Amazon has not closed this bill yet: figures may still move.")
    console.print(f"Cost Explorer said so at {moment(found.asked_at.isoformat())}.", style="dim", highlight=False)


def _show_table(found: Review, title: str, lines: tuple[Line, ...]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(title, overflow="fold")
    for heading in (f"charged {found.month:%Y-%m}", f"{found.month_before:%Y-%m}", "amortized", "before", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = [*lines[:_SHOWN], Line(name="all", money=found.total)]
    for line in rows:
        each = line.money
        charged = (each.unblended_micros, each.unblended_before_micros)
        cost = (each.amortized_micros, each.amortized_before_micros)
        change = f"{(cost[0] - cost[1]) / MICROS:+,.2f}"
        style = "bold" if line.name == "all" else ""
        name = line.name or "(untagged)"
        table.add_row(name, *(_amount(micros) for micros in (*charged, *cost)), change, style=style)
    console.print(table)
    if len(lines) > _SHOWN:
        console.print(f"and {len(lines) - _SHOWN} smaller ones (--json names them)", style="dim")


def _amount(micros: int) -> str:
    return f"{micros / MICROS:,.2f}"


def _price(micros: int | None) -> str:
    return "none was delivered" if micros is None else f"{micros / MICROS:,.4f}"
