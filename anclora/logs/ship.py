"""Shipping: every log of a closed day to the bucket, proved there, and pruned here after a while.

The same file twice is one object. One that grew after it was shipped is shipped again beside it: nothing is replaced.
"""

import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from anclora.kit.errors import InvalidError
from anclora.logs.model import LocalLog
from anclora.logs.rules import day_in_name, is_closed, key_of, may_be_pruned
from anclora.logs.store import LogStore

_PIECE_BYTES = 1_000_000
_BIGGEST_BYTES = 5_000_000_000  # of one request to S3


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file, or would. `did`: shipped, there already, open (its day is not over)."""

    file: str
    did: str
    key: str = ""
    pruned: bool = False


class Shipped(msgspec.Struct, frozen=True, kw_only=True):
    """One round.

    Attributes:
        done: False = nothing was changed, this is what would be.
        undated: files without a day in their name, which nobody can ship.
    """

    done: bool
    lines: tuple[Line, ...]
    undated: tuple[str, ...] = ()


def local_logs(folder: Path) -> tuple[list[LocalLog], list[str]]:
    """The log files of a folder, oldest first, and the names of those without a day.

    Raises:
        InvalidError: there is no such folder.
    """
    if not folder.is_dir():
        raise InvalidError(f"There is no folder {folder}. Mend ANCLORA_LOG_DIR.", code="no_folder")
    logs: list[LocalLog] = []
    undated: list[str] = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith(".") or path.is_symlink():
            continue
        day = day_in_name(path.name)
        if day is None:
            undated.append(path.name)
        else:
            logs.append(LocalLog(path=path, day=day))
    return sorted(logs, key=lambda log: (log.day, log.path.name)), undated


def ship(
    store: LogStore, folder: Path, now: datetime, *, host: str, local_days: int, really: bool, done: Callable[[], None]
) -> Shipped:
    """Bring every closed log to the bucket, and prune what is old here and proved there.

    Args:
        store: where they go.
        folder: where they lie.
        now: aware.
        host: names this machine in the keys.
        local_days: a shipped log stays here so long.
        really: False changes nothing and says what would happen.
        done: called once a file.

    Raises:
        InvalidError: there is no such folder, or a file cannot be read. Files before it are shipped.
        UnavailableError: the bucket does not do it. Nothing is pruned that it does not hold.
    """
    logs, undated = local_logs(folder)
    lines: list[Line] = []
    for log in logs:
        lines.append(_one(store, log, now, host=host, local_days=local_days, really=really))
        done()
    return Shipped(done=really, lines=tuple(lines), undated=tuple(undated))


def _one(store: LogStore, log: LocalLog, now: datetime, *, host: str, local_days: int, really: bool) -> Line:
    if not is_closed(log.day, now):
        return Line(file=log.path.name, did="open")
    with tempfile.TemporaryFile() as packed:
        before, sha256 = _pack(log.path, packed)
        key, there = _place(store, log, host, sha256)
        if not there and really:
            store.put(key, packed, sha256)
    prune = may_be_pruned(log.day, now, local_days=local_days)
    if prune and really:
        _prune(log.path, before)
    return Line(file=log.path.name, did="there already" if there else "shipped", key=key, pruned=prune)


def _pack(path: Path, packed: BinaryIO) -> tuple[os.stat_result, bytes]:
    """Pack a file into another; what it was before, and the SHA-256 of the packed bytes."""
    try:
        before = path.stat()
        # Without name and moment of packing, so that the same lines are the same bytes.
        with path.open("rb") as plain, gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as into:
            shutil.copyfileobj(plain, into)
    except OSError as error:
        raise InvalidError(f"{path} cannot be packed: {error.strerror or error}.", code="log_unread") from error
    if packed.tell() > _BIGGEST_BYTES:
        raise InvalidError(f"{path} has more than {_BIGGEST_BYTES:,} bytes packed. Split it.", code="log_too_large")
    packed.seek(0)
    sha256 = hashlib.sha256()
    while piece := packed.read(_PIECE_BYTES):
        sha256.update(piece)
    return before, sha256.digest()


def _place(store: LogStore, log: LocalLog, host: str, sha256: bytes) -> tuple[str, bool]:
    """The key, and whether the bucket holds these very bytes there."""
    plain = key_of(log, prefix=store.prefix, host=host)
    held = store.checksum(plain)
    if held is None or held == sha256:
        return plain, held is not None
    beside = key_of(log, prefix=store.prefix, host=host, digest=sha256.hex())
    return beside, store.checksum(beside) == sha256


def _prune(path: Path, before: os.stat_result) -> None:
    now = path.stat()
    if (now.st_mtime_ns, now.st_size) == (before.st_mtime_ns, before.st_size):
        path.unlink()  # else a line was written since then, which is not in the bucket
