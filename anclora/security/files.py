"""Who may read the files that hold our keys."""

import stat
from collections.abc import Sequence
from pathlib import Path

from anclora.security.model import Check, Finding

NAME = "files"


def check_files(paths: Sequence[Path]) -> Check:
    """Files with keys that others on this machine can read; those that are not there are no finding."""
    there = [path for path in paths if path.exists()]
    findings = tuple(
        Finding(
            id=f"{NAME}:{path}",
            where=str(path),
            what=f"others on this machine can read it (mode {stat.S_IMODE(path.stat().st_mode):04o})",
            advice=f"chmod 600 {path}",
        )
        for path in there
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    )
    return Check(name=NAME, looked_at=len(there), unit="files with keys", findings=findings)
