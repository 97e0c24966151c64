"""Errors and chores, reported to whoever collects them: off unless `SENTRY_DSN` names somebody.

A chore is a loop that does its work now and then; it says when it begins and how it ended, and whoever waits for it
misses it when it does not. Off, nothing of this is loaded.
"""

import contextlib
import importlib
from collections.abc import Callable, Generator
from typing import Any, Protocol

from anclora.kit.settings import Settings


class Reports(Protocol):
    """Who collects: `anclora.kit.sentry.Sentry`."""

    def begin(self, chore: str, every_seconds: float) -> str:
        """A chore begins that comes so often; what `end` wants to hear."""
        ...

    def end(self, chore: str, check_in: str, *, ok: bool, took_seconds: float) -> None:
        """It ended."""
        ...

    def close(self) -> None:
        """Send what is left, bounded."""
        ...


active: Reports | None = None


def start_reporting(settings: Settings, *, version: str) -> Reports | None:
    """Begin to report, when the settings name somebody; None = they do not."""
    if settings.sentry_dsn is None:
        return None
    module: Any = importlib.import_module("anclora.kit.sentry")  # it costs every start of every command something
    return use(module.Sentry(settings.sentry_dsn, version=version))


def use(reports: Reports | None) -> Reports | None:
    """From now on report to these; None = to nobody."""
    global active  # noqa: PLW0603 - one for the process, as the log is
    active = reports
    return reports


@contextlib.contextmanager
def chore(name: str | None, every_seconds: float, now: Callable[[], float]) -> Generator[None, None, None]:
    """A round of a chore: told when it begins and how it ended; None = not one anybody waits for.

    Args:
        name: lower case with hyphens.
        every_seconds: how often it comes.
        now: reads a clock that only goes forward, seconds.
    """
    reports = active
    if name is None or reports is None:
        yield
        return
    began, check_in, ok = now(), reports.begin(name, every_seconds), False
    try:
        yield
        ok = True
    finally:
        reports.end(name, check_in, ok=ok, took_seconds=now() - began)
