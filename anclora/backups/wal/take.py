"""Fetching what a recovery needs: the files of a base, unpacked, and its log, each piece proved before it is used."""

import io
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from anclora.backups.errors import DamagedError, TargetError
from anclora.backups.fetch import Reads
from anclora.backups.house import House
from anclora.backups.model import Step
from anclora.backups.seal import opened
from anclora.backups.wal.gzip import unpacked
from anclora.backups.wal.rules import FOLDER, Plan, Segment, parse_key, prove
from anclora.kit.ids import new_id

_AT_ONCE = 8
_HISTORY = ".history"


class _Stream(io.RawIOBase):
    """An iterator of bytes as a file that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The next bytes; 0 = the end."""
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = piece
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size


def unpack_base(reads: Reads, folder: Path) -> None:
    """Put the files of a base into a folder. Blocks.

    Raises:
        DamagedError: it is no archive.
    """
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Stream(unpacked(reads())), 1 << 20), mode="r|") as archive:
            archive.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise DamagedError(f"The base backup is no archive: {error}. Nothing was touched.") from error


def take_log(house: House, plan: Plan, folder: Path, step: Step) -> None:
    """Put every segment of a plan into a folder, and the histories of timelines. Blocks.

    Raises:
        DamagedError: one is cut off, changed, gone, or another.
        WrongKeyError: one was made with another key.
        TargetError: the target does not answer.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    lying = house.target.list(f"{FOLDER}{plan.origin.system}/")
    histories = [each for key in lying if (each := parse_key(key.key)) and each.name.endswith(_HISTORY)]
    done = 0

    def take(segment: Segment) -> None:
        _take(house, segment, folder / segment.name, plan.origin.segment_bytes)

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="backups") as threads:
        for _ in threads.map(take, [*plan.segments, *histories]):
            done += 1
            step("fetch the log", done, len(plan.segments))


def _take(house: House, segment: Segment, path: Path, segment_bytes: int) -> None:
    half = house.spool / f"{new_id().hex}.enc"
    try:
        house.target.get(segment.key, half, count=lambda _: None)
        with half.open("rb") as source, path.open("xb") as out:
            out.writelines(unpacked(opened(source, house.keyring())))
        if not segment.name.endswith(_HISTORY):
            with path.open("rb") as file:
                prove(file.read(64), path.stat().st_size, segment, segment_bytes)
    except TargetError as error:
        if error.code != "backup_missing":
            raise
        raise DamagedError(f"The segment {segment.name} of the log is gone. Nothing was touched.") from error
    except DamagedError as error:
        raise DamagedError(f"The segment {segment.name} of the log cannot be used. {error.detail}") from error
    finally:
        half.unlink(missing_ok=True)
