"""`anclora deps outdated|update`: what is locked beside what is newest, and a new lock in a branch of its own."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from anclora.cli.options import AsJson
from anclora.cli.show import console, show_json
from anclora.deps import Hub, Row, Step, Updated
from anclora.deps import outdated as ask
from anclora.deps import update as make
from anclora.deps.rules import locked_in
from anclora.kit.clock import SystemClock, business_date
from anclora.kit.errors import InvalidError
from anclora.kit.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True, help="Dependencies: what is old, and a new lock proved by the tests.")
_STYLES = {Step.MAJOR: "bold red", Step.MINOR: "yellow", Step.PATCH: "green", Step.UNKNOWN: "red"}
_ORDER = (Step.MAJOR, Step.MINOR, Step.PATCH, Step.UNKNOWN)


@app.command()
def outdated(
    index_url: Annotated[
        str,
        typer.Option(
            envvar=["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"],
            help="Root of the package index that is asked; no request goes to one nobody named.",
        ),
    ],
    lock: Annotated[Path, typer.Option(help="The lock that is read.")] = Path("requirements.lock"),
    as_json: AsJson = False,
) -> None:
    """A table of what is locked and what is newest; ends with 1 when something is old or could not be learnt."""
    try:
        locked = locked_in(lock.read_text(encoding="utf-8"), name=str(lock))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidError(f"{lock} cannot be read: {error}.", code="no_lock") from error
    words = Console(stderr=True)
    with Progress(console=words, transient=True, disable=as_json or not words.is_terminal) as progress:
        task = progress.add_task("asking the index", total=len(locked))
        rows = asyncio.run(ask(locked, index_url, done=lambda: progress.advance(task)))
    old = sorted((row for row in rows if row.step is not Step.NONE), key=lambda row: (_ORDER.index(row.step), row.name))
    if as_json:
        show_json({"lock": str(lock), "looked_at": len(rows), "outdated": msgspec.to_builtins(old)})
    else:
        _show(old, len(rows))
    if old:
        raise typer.Exit(1)


@app.command()
def update(
    folder: Annotated[Path, typer.Option(help="Inside the git clone.")] = Path(),
    lock_command: Annotated[str, typer.Option(help="Writes the locks anew.")] = "make lock UPGRADE=--upgrade",
    test_command: Annotated[str, typer.Option(help="Must pass.")] = "make test",
    timeout_minutes: Annotated[int, typer.Option(min=1, max=600, help="How long the tests may take.")] = 60,
    push: Annotated[
        bool | None,
        typer.Option(
            "--push/--no-push",
            help="Send a branch that passed, also one made earlier today, to origin, and open its pull request; "
            "by default where GITHUB_REPOSITORY and GITHUB_TOKEN are set.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A new lock in the branch deps/YYYY-MM-DD, with all tests run; never on what you stand on, never to production."""
    words, settings = Console(stderr=True), load_settings()
    today, hub = business_date(SystemClock().now(), settings.timezone), _hub(settings)
    done = make(
        folder,
        today,
        lock_command=lock_command,
        test_command=test_command,
        test_timeout_seconds=timeout_minutes * 60.0,
        push=hub is not None if push is None else push,
        hub=hub,
        said=lambda text: None if as_json else words.print(text, markup=False, highlight=False),
    )
    if as_json:
        show_json(msgspec.to_builtins(done))
    else:
        _tell(done)
    if not done.passed:
        raise typer.Exit(1)


def _hub(settings: Settings) -> Hub | None:
    if not settings.github_repository or not settings.github_token:
        return None
    return Hub(api_url=settings.github_api_url, repository=settings.github_repository, token=settings.github_token)


def _show(old: list[Row], looked_at: int) -> None:
    if not old:
        console.print(f"All {looked_at} packages are at their newest.")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("name", "locked", "newest", "step"):
        table.add_column(title, overflow="fold")
    for row in old:
        step = Text(row.step.value if not row.note else row.note, style=_STYLES[row.step])
        table.add_row(row.name, row.locked, row.newest or "?", step)
    console.print(table)
    counts = [f"{sum(row.step is step for row in old)} {step.value}" for step in _ORDER]
    console.print(f"\n{len(old)} of {looked_at} packages: {', '.join(c for c in counts if not c.startswith('0 '))}.")
    console.print("A new lock, tested, in a branch of its own: anclora deps update", style="dim")


def _tell(done: Updated) -> None:
    if done.branch is None:
        console.print("Every package is at the newest version its bounds allow. Nothing was made.")
        return
    if done.changes:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for title in ("name", "before", "after"):
            table.add_column(title, overflow="fold")
        for each in done.changes:
            table.add_row(each.name, each.before or "new", each.after or "gone")
        console.print(table)
    if not done.passed:
        console.print(Text(f"\nThe tests failed. {done.branch} holds the lock; nothing else was touched.", "bold red"))
        console.print("\n".join(done.last_words[-8:]), markup=False, style="dim")
        console.print(f"\nLook: git switch {done.branch}   Or forget it: git branch -D {done.branch}", markup=False)
        return
    head = "The tests passed. {} holds the lock; your branch is as it was." if done.changes else "{} was made before."
    console.print(Text(f"\n{head.format(done.branch)}", "bold green"))
    console.print("What comes next:", markup=False)
    for place, step in enumerate(_steps(done), start=1):
        console.print(f"  {place}. {step}", markup=False, highlight=False, soft_wrap=True)


def _steps(done: Updated) -> list[str]:
    if done.request is not None:
        first = f"review {done.request}"
    else:
        first = (
            "set GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN (may write pull requests), then: "
            "anclora deps update --push   "
            f"Or by hand: {'' if done.pushed else f'git push --set-upstream origin {done.branch}, then '}"
            "open a pull request for it"
        )
    return [
        first,
        f"deploy {done.branch} to staging, and watch it for a day",
        "merge it; production gets it by its next deployment",
    ]
