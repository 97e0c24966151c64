"""Servers of one test's own, which it may kill."""

from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from anclora.storage.embedded import EmbeddedServers, discard_embedded, start_embedded
from tests.faults.town import TALLY


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """What all the towns together lost and doubled."""
    terminalreporter.write_line(f"lost {TALLY['lost']} doubled {TALLY['doubled']}")


@pytest.fixture
def own_servers(tmp_path: Path) -> Generator[EmbeddedServers, None, None]:
    """Private servers."""
    running = start_embedded(tmp_path / "data")
    try:
        yield running
    finally:
        running.stop()
        discard_embedded(tmp_path / "data")
