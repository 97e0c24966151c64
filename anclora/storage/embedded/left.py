"""What killed processes left behind: under root a private Postgres may live in a folder of its own below /var/lib.

Who is killed cannot remove it, and a ledger is in it, so nothing goes by guess. A folder says what it is of, and goes
when nobody can want it any more: its servers were only passing, or its data directory was below the temporary folder
and is gone. And only when its lock is free, no Postgres runs in it, and it was not begun a moment ago.
"""

import contextlib
import fcntl
import json
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)  # our own logging is more than who starts servers may have
POINTER = "postgres.home"
_OF = "of.json"
_YOUNG_SECONDS = 600.0


class Of(NamedTuple):
    """What a folder is of. `passing`: nothing in it is needed once its process is gone."""

    data_dir: str
    passing: bool


def say_of(folder: Path, data_dir: Path, *, passing: bool) -> None:
    """Have a folder say what it is of."""
    (folder / _OF).write_text(json.dumps(Of(str(data_dir.resolve()), passing)._asdict()))


def begin_sweep(bases: Iterable[Path], prefix: str) -> None:
    """Remove what was left there, beside what follows: it may be a lot."""
    threading.Thread(target=sweep, args=(tuple(bases), prefix), name="left-servers", daemon=True).start()


def sweep(bases: Iterable[Path], prefix: str, *, young_seconds: float = _YOUNG_SECONDS) -> list[Path]:
    """Remove what was left in these folders under such names; which."""
    gone: list[Path] = []
    for base in bases:
        for folder in sorted(base.glob(f"{prefix}*")):
            with contextlib.suppress(OSError, ValueError, TypeError):  # it is not ours, or somebody else removes it
                if _remove(folder, young_seconds):
                    gone.append(folder)
    return gone


def _remove(folder: Path, young_seconds: float) -> bool:
    """Remove a folder, if nobody can want it; whether it is gone."""
    about = folder.lstat()
    mine = folder.is_dir() and not folder.is_symlink() and about.st_uid == os.geteuid()
    if not mine or not _is_left(folder, _of(folder)):
        return False
    with (folder / "lock").open("r+") as held:
        if time.time() - os.fstat(held.fileno()).st_mtime < young_seconds:
            return False
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _runs(folder):
            return False
        owner = held.read().strip()
        # What says whose it is goes last: a removal that is cut off is gone on with by the next one.
        for part in ("postgres", "programs"):
            shutil.rmtree(folder / part, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    log.warning("Removed %s: the private servers in it were those of process %s, which is gone.", folder, owner)
    return not folder.exists()


def _of(folder: Path) -> Of:
    return Of(**json.loads((folder / _OF).read_text()))


def _is_left(folder: Path, of: Of) -> bool:
    """Whether nobody can want it, by what it is of."""
    if of.passing:
        return True
    data_dir = Path(of.data_dir)
    pointer = data_dir / POINTER
    if not data_dir.is_relative_to(Path(tempfile.gettempdir()).resolve()):
        return False  # it may lie on a disk that is away
    return not pointer.exists() or Path(pointer.read_text().strip()) != folder


def _runs(folder: Path) -> bool:
    """Whether its Postgres runs, as far as can be told."""
    pid_file = folder / "postgres" / "postmaster.pid"
    if not pid_file.exists():
        return False
    try:
        os.kill(int(pid_file.read_text().split()[0]), 0)
    except ProcessLookupError:
        return False
    return True
