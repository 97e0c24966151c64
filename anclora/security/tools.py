"""Running the tools of the audit: found beside this Python or on PATH, bounded in time, never through a shell."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

INSTALL = "pip install 'anclora-whatsapp[security]'"
_LAST_CHARS = 300


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool said. `failed` = a sentence when it did not run to its end; its words are then empty."""

    code: int = -1
    out: str = ""
    err: str = ""
    failed: str = ""

    @property
    def last_words(self) -> str:
        """The last line it wrote for people."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1][-_LAST_CHARS:] if lines else "it said nothing"


def run(
    name: str, words: Sequence[str], *, folder: Path, timeout_seconds: float, env: Mapping[str, str] | None = None
) -> Ran:
    """Run one to its end, or to the end of its time."""
    beside = Path(sys.executable).parent / name
    program = str(beside) if beside.exists() else shutil.which(name)
    if program is None:
        return Ran(failed=f"{name} is not installed. Install it: {INSTALL}")
    try:
        done = subprocess.run(  # noqa: S603 - a tool of ours, no shell
            [program, *words],
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(failed=f"{name} did not end within {timeout_seconds:g} s")
    except OSError as error:
        return Ran(failed=f"{name} cannot be run: {error.strerror or error}")
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)
