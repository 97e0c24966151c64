"""One command in a shell: bounded, in a session of its own, and gone with all its children when the block ends."""

import contextlib
import os
import select
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from anclora.storage.embedded.process import tied_command
from scripts.verbatim.ending import undisturbed
from scripts.verbatim.play import Did

FUNCTIONS = Path(__file__).parent / "functions.sh"
_END_SECONDS = 120.0
_LEAST_SECONDS = 1.0
_CHUNK_BYTES = 65_536
_STILL_RUNS = 124  # as `timeout` says it


def typed(
    text: str, env: Mapping[str, str], folder: Path, *, timeout_seconds: float, enough: Callable[[str], bool] | None
) -> Did:
    """Type it, with `pipefail`.

    Args:
        text: the command.
        env: its whole environment.
        folder: where.
        timeout_seconds: then it is ended, and its code is 124.
        enough: for one that goes on for ever: whether what it said until now will do.
    """
    bash = shutil.which("bash") or "/bin/bash"
    words = [bash, "--noprofile", "--norc", "-o", "pipefail", "-c", f"source {shlex.quote(str(FUNCTIONS))}\n{text}"]
    said = Path(env["TMPDIR"]) / "said.err"
    with begun(tied_command(words, end_signal=signal.SIGTERM), env, folder, said) as process:
        deadline = time.monotonic() + timeout_seconds
        out = read_until(process, enough or (lambda _: False), timeout_seconds)
        code = _code(process, _LEAST_SECONDS if enough else max(_LEAST_SECONDS, deadline - time.monotonic()))
    if enough is not None and code == _STILL_RUNS and enough(out):
        code = 0
    return Did(code=code, out=out, err=said.read_text(errors="replace"))


@contextlib.contextmanager
def begun(
    words: Sequence[str], env: Mapping[str, str], folder: Path, errors: Path
) -> Generator[subprocess.Popen[bytes], None, None]:
    """A process whose output is read by us; it and its children end with the block."""
    process: subprocess.Popen[bytes] | None = None
    try:
        with errors.open("wb") as file, undisturbed():
            process = subprocess.Popen(
                words,
                env=dict(env),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,
            )
        yield process
    finally:
        if process is not None:
            _end(process)


def read_until(process: subprocess.Popen[bytes], enough: Callable[[str], bool], timeout_seconds: float) -> str:
    """What it says until it is enough, it ends, or the time is over."""
    if process.stdout is None:
        return ""
    said, deadline = b"", time.monotonic() + timeout_seconds
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([process.stdout], [], [], left)[0]:
            break
        piece = os.read(process.stdout.fileno(), _CHUNK_BYTES)
        if not piece:
            break
        said += piece
        if enough(said.decode(errors="replace")):
            break
    return said.decode(errors="replace")


def _code(process: subprocess.Popen[bytes], timeout_seconds: float) -> int:
    """Its exit code; `_STILL_RUNS` when it does not end by itself."""
    try:
        return process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        return _STILL_RUNS


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):  # the whole group is gone already
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            break
    if process.stdout is not None:
        process.stdout.close()
