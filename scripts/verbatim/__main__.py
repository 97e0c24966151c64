"""`python -m scripts.verbatim`: every command of the playbook, held to its effect. The door is playbook-verbatim.sh."""

import os
import subprocess
import sys

from scripts.verbatim.checks import act
from scripts.verbatim.commands import commands_of, rows_of, steps_of, words_of
from scripts.verbatim.ending import listen
from scripts.verbatim.loopback import KEYS
from scripts.verbatim.play import play
from scripts.verbatim.stage import ROOT, StageError, staged

REFERENCE = ROOT / "docs" / "reference"
_KEPT = ("PATH", "TMPDIR")


def main() -> int:
    """The exit code: 0 when every command did what it should."""
    listen()
    for name in set(os.environ) - set(_KEPT):
        del os.environ[name]
    os.environ.update(KEYS)
    page = (REFERENCE / "playbook-commands.md").read_text(encoding="utf-8")
    commands = commands_of((REFERENCE / "playbook-original.md").read_text(encoding="utf-8"))
    try:
        steps = steps_of(commands, rows_of(page), words_of(page))
        with staged(_say) as stage:
            return play(steps, lambda step: act(step, stage), _say)
    except (StageError, ValueError, OSError, subprocess.SubprocessError) as error:
        _say(str(error))
        return 1


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
