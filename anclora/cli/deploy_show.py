"""How deploys look in a terminal."""

import sys

from rich.table import Table

from anclora.cli.capacity_show import say
from anclora.cli.show import console
from anclora.deploy import RolledBack, Rotated, Status, Verified

_DIGEST_CHARS = 19


def show_waiting(text: str) -> None:
    """How far it is, for whoever waits; standard output stays what was found."""
    print(text, file=sys.stderr, flush=True)


def show_status(found: Status) -> None:
    """Deployments, tasks, then what is not as it should be."""
    service = found.service
    deployments = _table("deployment", "revision", "state", right=("running", "pending", "failed"))
    for each in service.rollouts:
        counts = f"{each.running} of {each.desired}", f"{each.pending}", f"{each.failed}"
        state = each.state if each.is_primary else f"on its way out ({each.state})"
        deployments.add_row(each.id, each.definition, state, *counts)
    console.print(deployments)
    console.print()
    tasks = _table("task", "revision", "status", "health", "image")
    for task in service.tasks:
        tasks.add_row(task.id, task.definition, task.status, task.health, task.digest[:_DIGEST_CHARS])
    console.print(tasks)
    console.print()
    for finding in found.findings:
        say(finding, style="bold red")
    if not found.findings:
        say(f"{service.name} in {service.cluster} is stable: {service.running} tasks of {service.definition}.")
    if found.figures is None:
        say("No task answers at /metrics from here: what they did is not known.", style="yellow")


def show_verified(found: Verified) -> None:
    """What was compared, then the verdict."""
    for line in found.judged.compared if found.judged else ():
        say(line, style="dim")
    for finding in found.findings:
        say(finding, style="bold red")
    if found.judged is not None and not found.findings:
        reasons = f": {'; '.join(found.judged.reasons)}" if found.judged.reasons else ""
        say(f"{found.definition} is {found.judged.verdict}{reasons}.", style="bold")
    elif found.is_good:
        say(f"{found.definition} runs, by the digest that was asked for.", style="bold")
    if found.rolled_back is not None:
        show_rolled_back(found.rolled_back)


def show_rotated(found: Rotated) -> None:
    """Memory before and after."""
    done = "Would rotate" if found.dry_run else "Rotated"
    before = ", ".join(f"{each} MB" for each in found.memory_mb.values()) or "not known"
    say(f"{done} {len(found.memory_mb) + len(found.blind)} tasks. Memory before: {before}.", style="bold")
    if found.memory_after_mb:
        say(f"After: {', '.join(f'{each} MB' for each in found.memory_after_mb.values())}.")
    if found.memory_mb and not found.dry_run:
        say(f"What they showed is kept in {found.kept}.")
    if found.blind:
        say(f"Nothing could be kept of {', '.join(found.blind)}: no answer at /metrics from here.", style="yellow")
    for finding in found.findings:
        say(finding, style="bold red")


def show_rolled_back(found: RolledBack) -> None:
    """From where to where."""
    done = "Would go back" if found.dry_run else "Went back"
    say(f"{done} from {found.before} to {found.definition}.", style="bold")
    for finding in found.findings:
        say(finding, style="bold red")


def _table(*left: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table
