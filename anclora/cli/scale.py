"""`anclora scale --to N` and `--memory MB`: more tasks or bigger ones on ECS, where that helps."""

from typing import Annotated

import msgspec
import typer

from anclora.capacity import read_bench, report
from anclora.cli.actor import actor
from anclora.cli.capacity_show import say
from anclora.cli.database import with_database
from anclora.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from anclora.cli.show import show_json
from anclora.deploy import Ecs, Scaling, Wish, bounds_of
from anclora.deploy import scale as do_scale
from anclora.kit.clock import SystemClock
from anclora.kit.settings import load_settings
from anclora.storage.database import Database


def scale(
    word: Annotated[
        str | None,
        typer.Argument(help="What you call it, if you like: out, in, up, down; the playbook's words are taken too."),
    ] = None,
    to: Annotated[int | None, typer.Option("--to", min=1, help="So many tasks: scale out or in.")] = None,
    memory: Annotated[
        int | None, typer.Option("--memory", min=1, help="So many MB a task, by a new revision: scale up or down.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """More or bigger tasks on ECS: bounded, audited, and refused where the numbers are what binds."""
    settings, clock = load_settings(), SystemClock()
    wish = Wish(tasks=to, memory_mb=memory, word=word)
    ecs = Ecs(settings.ecs_cluster, settings.ecs_service)

    async def work(db: Database) -> Scaling:
        capacity = await report(db, settings, clock, read_bench(settings.bench_file))
        return await do_scale(db, ecs, bounds_of(settings), clock, wish, capacity, actor=actor(), dry_run=dry_run)

    found = with_database(data_dir, work)
    if as_json:
        show_json(msgspec.to_builtins(found))
    else:
        _show(found)


def _show(found: Scaling) -> None:
    done = "Would" if found.dry_run else "Told ECS to"
    parts: list[str] = []
    if found.tasks != found.tasks_before:
        parts.append(f"{found.tasks_before} -> {found.tasks} tasks")
    if found.memory_mb != found.memory_before_mb:
        by = f" by {found.definition}" if found.definition else " by a new revision"
        parts.append(f"{found.memory_before_mb} -> {found.memory_mb} MB a task{by}")
    say(f"{done} {' and '.join(found.steps)}: {', '.join(parts)}.", style="bold")
    for note in found.notes:
        say(note)
    if not found.dry_run:
        say("`anclora deploy status` shows how far it is.", style="dim")
