"""How the demo's end looks."""

import msgspec
from rich.console import Console
from rich.table import Table

from anclora.cli.demo.count import Verdict

_NAMED = 10
_RANKS = ("sent", "delivered", "read", "played")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo measured; times in seconds."""

    accepted: int
    states: dict[str, int]
    doubts: int
    doubts_ended: int
    killed_while_sending: int | None
    percentiles_seconds: list[float]
    per_second: float
    seconds: float


def show(console: Console, figures: Figures, verdict: Verdict) -> None:
    """The table, what is wrong by name, and the last line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for name, value in _lines(figures, verdict):
        table.add_row(name, value)
    console.print(table)
    for title, names in (
        ("lost", verdict.lost),
        ("doubled", verdict.doubled),
        ("called failed but sent", verdict.false),
        ("out of order", verdict.disordered),
    ):
        for name in names[:_NAMED]:
            console.print(f"[red]{title}: {name}[/red]", highlight=False)
        if len(names) > _NAMED:
            console.print(f"[red]{title}: and {len(names) - _NAMED} more[/red]", highlight=False)
    print(f"lost {len(verdict.lost)} doubled {len(verdict.doubled)}")


def _lines(figures: Figures, verdict: Verdict) -> list[tuple[str, str]]:
    states = figures.states
    reached = {rank: sum(states.get(name, 0) for name in _RANKS[place:]) for place, rank in enumerate(_RANKS)}
    p50, p95, p99 = (f"{value:.2f} s" for value in figures.percentiles_seconds)
    killed = "no" if figures.killed_while_sending is None else f"yes, while sending {figures.killed_while_sending}"
    return [
        ("accepted", f"{figures.accepted:,}"),
        ("sent", f"{reached['sent']:,}"),
        ("delivered", f"{reached['delivered']:,}"),
        ("read", f"{reached['read']:,}"),
        ("failed (not on WhatsApp)", f"{states.get('failed', 0):,}"),
        ("dead", f"{states.get('dead', 0):,}"),
        ("unknown, then resolved", f"{figures.doubts_ended:,} of {figures.doubts:,}"),
        ("worker killed", killed),
        ("order per recipient", "kept" if not verdict.disordered else "BROKEN"),
        ("throughput, waits for doubts included", f"{figures.per_second:,.0f} a second"),
        ("accepted to sent, p50 / p95 / p99", f"{p50} / {p95} / {p99}"),
        ("whole run", f"{figures.seconds:.1f} s"),
    ]
