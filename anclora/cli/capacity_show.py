"""How capacity looks in a terminal."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich.table import Table

from anclora.capacity import Advice, CapacityReport, Foresight, Step, WhatIf
from anclora.capacity.model import Bench, Effective
from anclora.cli.show import console, moment
from anclora.costs.rules import MICROS

_DAYS = 14


def show_report(found: CapacityReport) -> None:
    """The ceilings from the top, and the one that binds."""
    table = _table("ceiling", "", "why", right=("a second",))
    for each in found.ceilings:
        binds = "binds" if each.name == found.effective.binds else ""
        rate = each.known if each.per_second is None else _rate(each.per_second)
        table.add_row(each.name, binds, each.why, rate, style="bold" if binds else "")
    console.print(table)
    say("")
    say(_sentence(found.effective))
    if found.busiest_at is not None and found.busiest_per_second is not None:
        at = moment(found.busiest_at.isoformat())
        say(f"Carried so far: {_rate(found.busiest_per_second)} a second in the hour of {at}.")
    say(f"Waiting: {found.waiting:,}. Dispatch processes: {found.workers}. {_bench(found.bench)}")
    if found.price is None:
        say("1,000 delivered messages: not known; `anclora costs review` asks Amazon.")
    elif found.price.per_thousand_micros is None:
        say(f"1,000 delivered messages: none was delivered in {found.price.month:%Y-%m}.")
    else:
        price = found.price.per_thousand_micros / MICROS
        say(f"1,000 delivered messages: {price:,.4f} {found.price.currency} ({found.price.month:%Y-%m}).")


def show_foresight(found: Foresight) -> None:
    """The next days, the peaks, and the date."""
    if found.lacks:
        say(f"No forecast: {found.lacks}.")
        return
    table = _table("day", right=("messages", "4 weeks before", "busiest hour, at most"))
    for each in found.ahead[:_DAYS]:
        table.add_row(
            f"{each.day:%a %Y-%m-%d}", f"{each.messages:,.0f}", f"{each.four_weeks_before:,}", f"{each.peak_high:,.0f}"
        )
    console.print(table)
    say("")
    growth = f"{found.growth_per_week:+.1%} a week" if found.growth_per_week else "none that stands out of the noise"
    say(f"From {found.days} days of history. Trend: {growth}.")
    for each in found.peaks:
        say(f"Busiest hour of {each.days} days, {each.quantile:.0%} sure: {_rate(each.per_second)} messages a second.")
    if found.covered is None:
        say("Not back-tested yet: that needs 49 days.")
    else:
        say(f"Back-test: the 80 % interval held {found.covered:.0%} of {found.held_out} hours that were kept back.")
    for each in found.reaches:
        full = f", all of it on {each.at_100_percent}" if each.at_100_percent else ""
        dates = f"70 % on {each.at_70_percent}{full}" if each.at_70_percent else "not within a year"
        mark = "Next ceiling, " if each == found.next else ""
        say(f"{mark}{each.of}: {dates}.", style="bold" if mark else "")
    _say_unmeasured(found.effective)


def show_advice(found: Advice) -> None:
    """The rules, then what follows."""
    table = _table("rule", "verdict", "evidence", "then")
    for each in found.rules:
        style = {"fired": "bold red", "not measured": "yellow"}.get(each.verdict, "")
        table.add_row(each.rule, each.verdict, each.evidence, each.step.value, style=style)
    console.print(table)
    say("")
    for each in found.todo:
        say(f"{each.step.value}: {each.what}", style="bold")
    if any(each.step in (Step.OUT, Step.UP) for each in found.todo):
        say(
            "(scale out = more processes, scale up = bigger ones; the playbook's headings have them swapped)",
            style="dim",
        )


def show_what_if(found: WhatIf, zone: str) -> None:
    """Yes or no, then why."""
    if found.answer == "unknown":
        say("Nobody can say: no ceiling is measured, and the numbers have no limit.", style="bold")
    else:
        done = "not within 30 days" if found.done_at is None else f"done at {_local(found.done_at, zone)}"
        say(f"{found.answer.capitalize()}: {found.messages:,} by {_local(found.by, zone)}; {done}.", style="bold")
    anyway = "unknown, for want of history" if found.expected is None else f"{found.expected:,} by then"
    say(f"Before them: {found.ahead:,} that wait or are due. Besides: what comes anyway, {anyway}.")
    if found.binds is not None:
        held = f" ({found.pace})" if found.pace else ""
        say(f"What binds: {found.binds}{held}. Dispatch processes: {found.workers}.")
        if found.binds == "senders" and found.answer == "no":
            say("Adding workers does not help: raise the limits of the numbers where that is allowed, or add numbers.")
    if found.unmeasured and found.answer == "yes":
        say(f"As far as is measured. Not measured: {', '.join(found.unmeasured)}.")


def say(text: str, style: str = "") -> None:
    """A sentence as it is, broken where the terminal ends."""
    console.print(text, style=style or None, highlight=False, markup=False, soft_wrap=False)


def _table(*left: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in left:
        table.add_column(name, no_wrap=name in ("ceiling", "", "verdict", "then", "day"))
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _sentence(found: Effective) -> str:
    if found.per_second is None or found.binds is None:
        return "Effective capacity: not measured."
    words = f"Effective capacity: {_rate(found.per_second)} messages a second. What binds: {found.binds}."
    return f"{words} Not measured, so perhaps lower: {', '.join(found.unmeasured)}." if found.unmeasured else words


def _say_unmeasured(found: Effective) -> None:
    if found.unmeasured:
        say(f"Not measured: {', '.join(found.unmeasured)}; one of these may be reached earlier.", style="yellow")


def _bench(found: Bench) -> str:
    if found.lacks:
        return f"Bench: {found.lacks}."
    machine = f" on {found.machine}" if found.machine else ""
    return f"Bench: {found.path}, commit {(found.commit or '')[:12]}, {found.measured_at:%Y-%m-%d}{machine}."


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}" if per_second >= 100 else f"{per_second:,.3g}"


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
