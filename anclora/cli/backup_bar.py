"""A bar on a terminal, and nothing elsewhere, for work that takes long."""

import contextlib
from collections.abc import Generator

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from anclora.backups.model import Step, no_step


@contextlib.contextmanager
def bar(title: str, *, quiet: bool) -> Generator[Step, None, None]:
    """What is told of progress, for the length of a block; shown on standard error, away from answers."""
    screen = Console(stderr=True)
    if quiet or not screen.is_terminal:
        yield no_step
        return
    parts = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*parts, console=screen, transient=True) as progress:
        task = progress.add_task(title, total=None)

        def step(what: str, done: int, whole: int | None) -> None:
            progress.update(task, description=f"{title}: {what}", completed=done, total=whole)

        yield step
