"""Every command of the playbook, typed in a shell that loaded nothing, from a folder anywhere; nothing is left."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import needs
from tests.waiting import eventually

SCRIPT = Path(__file__).parents[2] / "scripts" / "playbook-verbatim.sh"
# What a command would reach if it looked at the shell: nobody listens there.
HOSTILE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "ANCLORA_URL": "http://127.0.0.1:1",
    "SLACK_WEBHOOK_URL": "http://127.0.0.1:1/",
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
}


def started(folder: Path) -> subprocess.Popen[str]:
    for program in ("aws", "curl", "jq", "redis-cli", "watch"):
        needs(program)
    return subprocess.Popen(
        [SCRIPT],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **HOSTILE, "TMPDIR": str(folder)},
    )


@pytest.mark.timeout(1800)
def test_every_command_of_the_playbook_does_what_it_should(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        out, _ = process.communicate(timeout=1780)
    lines = out.splitlines()
    assert (process.returncode, lines[-1]) == (0, "32 commands: 18 ran, 7 substituted, 7 listed"), out
    assert len([line for line in lines if re.match(r"\d+\.\d+ +(ran|substituted|listed) ", line)]) == 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(400)
def test_a_play_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Starting Anclora"):
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=300)
    assert process.returncode == 130, out
    assert list(tmp_path.iterdir()) == []

    async def all_ended() -> bool:  # who is tied to a process ends a moment behind it
        return running_in(tmp_path) == []

    asyncio.run(eventually(all_ended))


def running_in(folder: Path) -> list[str]:
    """The command lines that name a folder."""
    found: list[str] = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended while we looked
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if str(folder) in line]
