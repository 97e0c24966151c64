"""Commands in a folder: git, and what the operator named. Bounded, and without a shell."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from anclora.kit.errors import UnavailableError

GIT_SECONDS = 120.0
_LAST_LINES = 20


def git(folder: Path, *words: str) -> str:
    """What git printed. Raises `UnavailableError` when it failed."""
    done = run(["git", *words], folder, timeout_seconds=GIT_SECONDS)
    if done.returncode != 0:
        raise UnavailableError(f"`git {words[0]}` failed: {end(done)[-1]}", code="git_failed")
    return done.stdout


def run(
    words: Sequence[str], folder: Path, *, timeout_seconds: float, without: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """What became of a command, which has ended, with all its children, when this returns.

    Args:
        words: of it; no shell.
        folder: it is run in.
        timeout_seconds: then it is killed, and its exit code is 124.
        without: names of the environment it does not get.
    """
    # A hook or a make above us must not lead git or make elsewhere than into this folder.
    hidden = ("GIT_", "MAKE", "MFLAGS", *without)
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    try:
        child = subprocess.Popen(  # noqa: S603 - the operator's own commands, no shell
            list(words), cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        return subprocess.CompletedProcess(list(words), 127, "", f"{words[0]} cannot be run: {error.strerror or error}")
    try:
        out, err = child.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        why = f"{words[0]} did not end within {timeout_seconds:g} s"
        return subprocess.CompletedProcess(list(words), 124, "", why)
    finally:
        if child.returncode is None:
            # make's own children too: tests that nobody waits for would go on for an hour.
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    return subprocess.CompletedProcess(list(words), child.wait(), out, err)


def end(done: subprocess.CompletedProcess[str]) -> tuple[str, ...]:
    """Its last lines, at least one."""
    lines = [line.rstrip() for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]
    return tuple(lines[-_LAST_LINES:]) or (f"it said nothing (exit code {done.returncode})",)
