"""Run tests on real servers; one that failed beside others is run once more, alone, and both runs are shown.

Two tests share two cores with some ten servers, so now and then a wait runs out although nothing is wrong. Properties
and faults have no second run: what they show of lost or doubled messages is believed at once. See docs/decisions/0014.
"""

import subprocess
import sys
from collections.abc import Sequence

import pytest

MOST = 3  # more than so many is no accident
ONCE = ("tests/property/", "tests/faults/")


class Failed:
    """Gathers the names of the tests that failed, in whichever process they ran."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each phase of each test."""
        if report.failed and report.nodeid not in self.names:
            self.names.append(report.nodeid)


def again(failed: Sequence[str]) -> bool:
    """Whether these failed tests get a second run. Pure."""
    return 0 < len(failed) <= MOST and not any(name.startswith(ONCE) for name in failed)


def main(arguments: Sequence[str]) -> int:
    """Run pytest with these arguments; its exit code, or that of the second run."""
    failed = Failed()
    code = int(pytest.main(["-q", *arguments], plugins=[failed]))
    if code != pytest.ExitCode.TESTS_FAILED or not again(failed.names):
        return code
    print("\nONCE MORE, ALONE:", *failed.names, sep="\n  ", flush=True)
    alone = [sys.executable, "-m", "pytest", "-q", *failed.names]
    return subprocess.run(alone, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
