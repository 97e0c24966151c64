"""How routines look on a terminal: a table, and below it what is not green. Good from 80 columns on."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from anclora.cli.show import console
from anclora.playbook import BOOK, Fixed, Plan, Run, Verdict, head_of, notes_of, rows_of, summary_of
from anclora.playbook.render import moment
from anclora.playbook.words import HEAD, VERDICTS
from anclora.reports import Lang

_STYLES = {
    Verdict.OK: "green",
    Verdict.FINDING: "bold red",
    Verdict.UNKNOWN: "bold yellow",
    Verdict.NOT_CONFIGURED: "dim",
}


def show_run(run: Run, lang: Lang, zone: str, *, explain: bool) -> None:
    """The table, the exceptions or all evidence, and the sum."""
    console.print(Text(head_of(run, lang, zone), style="bold"))
    table = Table(box=None, header_style="dim", pad_edge=False)
    for place, title in enumerate(HEAD[lang]):
        table.add_column(title, no_wrap=place in (0, 5), justify="right" if place == 4 else "left")
    for verdict, cells in rows_of(run, lang, zone):
        table.add_row(Text(cells[0], style=_STYLES[verdict]), *(Text(cell) for cell in cells[1:]))
    console.print(table)
    for verdict, name, lines in notes_of(run, lang, all_of_them=explain):
        console.print()
        console.print(Text.assemble((VERDICTS[lang][verdict], _STYLES[verdict]), " ", (name, "bold")))
        for line in lines:
            _wrapped(line)
    console.print()
    took_seconds = (run.ended_at - run.started_at).total_seconds()
    console.print(Text(f"{summary_of(run, lang)} ({took_seconds:.1f} s)", style="bold"))


def show_history(runs: Sequence[Run], lang: Lang, zone: str) -> None:
    """One line a run: when, which, by whom, the sum, and what was not green."""
    if not runs:
        console.print("No routine has run yet.")
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for title in ("at", "routine", "by", "came to", "not green"):
        table.add_column(title, no_wrap=title in ("at", "routine"))
    for run in runs:
        names = {check.id: check.name.of(lang) for check in BOOK[run.checklist].check}
        bad = [names.get(each.check, each.check) for each in run.results if each.verdict is not Verdict.OK]
        cells = (moment(run.started_at, zone), run.checklist.value, run.actor, summary_of(run, lang), ", ".join(bad))
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def show_plan(plan: Plan) -> None:
    """What would be done."""
    console.print()
    console.print(Text(f"{plan.check}: {plan.action}", style="bold"))
    for step in plan.steps:
        _wrapped(step)
    if plan.refused is not None:
        _wrapped(f"not done: {plan.refused}")


def show_fixed(fixed: Fixed) -> None:
    """What became of it."""
    _wrapped(f"{fixed.result}: {fixed.detail}")
    console.print()


def _wrapped(line: str) -> None:
    """Indented, also where it goes on; a path or a name is never cut."""
    text = Text(line)
    for each in text.wrap(console, max(20, console.width - 4), no_wrap=False):
        console.print(Text("  ").append(each))
