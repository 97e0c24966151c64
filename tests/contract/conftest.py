"""What the contract tests counted, shown at the end of the run whatever its verbosity."""

from collections.abc import Callable

import pytest

# Filled by test modules: each function gives the lines of one report, or none when its tests did not run.
REPORTS = pytest.StashKey[list[Callable[[], list[str]]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORTS] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for report in config.stash.get(REPORTS, []):
        for line in report():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def add_report(pytestconfig: pytest.Config) -> Callable[[Callable[[], list[str]]], None]:
    """Register a report for the end of the run."""
    return pytestconfig.stash[REPORTS].append
