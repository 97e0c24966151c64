"""A real `anclora up`, and the commands a person types beside it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from anclora.cli.client import read_env
from anclora.cli.home import free_port
from anclora.storage.embedded.process import tied_command

ANCLORA = str(Path(sys.executable).with_name("anclora"))
_STOP_SECONDS = 90.0


@dataclass
class Up:
    """One running `anclora up`.

    Attributes:
        said: what it printed until it was ready.
    """

    process: subprocess.Popen[str]
    port: int
    data_dir: Path
    said: str

    @property
    def env(self) -> dict[str, str]:
        """The values of its env file."""
        return read_env(self.data_dir)

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """One `anclora` command against it."""
        return anclora(*words, ANCLORA_DATA_DIR=str(self.data_dir), **env)

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """One line typed in a shell, its port replaced by ours."""
        return shell(line.replace("localhost:8000", f"localhost:{self.port}"))

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_SECONDS)


def anclora(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """One `anclora` command, to its end."""
    return subprocess.run(
        [ANCLORA, *words], capture_output=True, text=True, timeout=200, check=False, env={**os.environ, **env}
    )


def shell(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """One line of bash, `anclora` on its path."""
    path = f"{Path(ANCLORA).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={**os.environ, "PATH": path, **env},
    )


@contextlib.contextmanager
def up(data_dir: Path, env: Mapping[str, str] | None = None) -> Generator[Up, None, None]:
    """Start it, wait until it says that it is ready, and end it with the block."""
    port = free_port()
    words = [ANCLORA, "up", "--port", str(port), "--data-dir", str(data_dir)]
    with started(words, env) as process, contextlib.ExitStack() as stack:
        stdout: IO[str] = stack.enter_context(process.stdout) if process.stdout else sys.stdin
        said = ""
        for line in stdout:
            said += line
            if "Ctrl-C" in line:
                break
        assert "Anclora is up" in said, said
        yield Up(process, port, data_dir, said)


@contextlib.contextmanager
def started(
    words: list[str], env: Mapping[str, str] | None = None, *, quiet: bool = False
) -> Generator[subprocess.Popen[str], None, None]:
    """A process that ends with the block, or with us; a quiet one's words go nowhere, so that no pipe fills."""
    process = subprocess.Popen(
        tied_command(words, end_signal=signal.SIGTERM),
        stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, **(env or {})},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
