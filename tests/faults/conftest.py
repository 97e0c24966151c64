"""Servers of one test's own, which it may kill."""

from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from tests.faults.catalogue import ROWS
from tests.faults.town import TALLY, TOLD


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Which faults were run, and what all the towns together lost and doubled."""
    counts = Counter(row.how for row in ROWS.values())
    terminalreporter.write_line(
        f"faults of the catalogue: {counts['real']} run for real, {counts['stand-in']} by a stand-in, "
        f"{counts['later']} not yet"
    )
    for number, row in ROWS.items():
        if row.how != "real":
            terminalreporter.write_line(f"  {number:>2} {row.fault}: {row.how}, {row.why}")
    for line in TOLD:
        terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line of all: what went wrong with messages and with their figures, over every run."""
    del config
    print(f"lost {TALLY['lost']} doubled {TALLY['doubled']} figures off {TALLY['figures off']}")


@pytest.fixture
def own_servers(tmp_path: Path) -> Generator[EmbeddedServers, None, None]:
    """Private servers."""
    running = start_embedded(tmp_path / "data", passing=True)
    try:
        yield running
    finally:
        running.stop()
        discard_embedded(tmp_path / "data")
