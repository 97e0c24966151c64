"""The demo is the promise: it counts right, and it notices when something is lost or doubled."""

import os
import subprocess
import sys

import pytest


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "anclora", "demo", *options],
        capture_output=True,
        text=True,
        timeout=690,
        check=False,
        env={
            **os.environ,
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x",
            "EVOLUTION_API_URL": "http://127.0.0.1:1",
        },
    )


@pytest.mark.timeout(720)
def test_a_killed_worker_loses_and_doubles_nothing() -> None:
    run = demo("--messages", "1500")
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "lost 0 doubled 0"
    assert "order per recipient" in run.stdout


@pytest.mark.timeout(720)
@pytest.mark.parametrize(("fault", "last"), [("--swallow", "lost 1 doubled 0"), ("--double", "lost 0 doubled 1")])
def test_a_swallowed_or_doubled_message_is_named(fault: str, last: str) -> None:
    run = demo("--messages", "300", fault, "100")
    assert run.returncode == 1, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == last
    assert "#00100 to 346" in run.stdout
