"""Backups in a folder: another disk, or one that is mounted from elsewhere."""

import os
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from anclora.backups.errors import TargetError
from anclora.backups.model import Lying
from anclora.kit.ids import new_id

_PIECE_BYTES = 1 << 20
_HALF = ".half-"


class FolderTarget:
    """One folder; made when the first backup comes.

    Args:
        folder: only its owner may look into what is made there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def put(self, key: str, file: Path, *, count: Callable[[int], None]) -> None:
        """As the contract says: written beside, brought to the disk, then renamed."""
        with _opened(file) as source:
            self._store(key, lambda out: _copy(source, out, count))

    def write(self, key: str, data: bytes) -> None:
        """As the contract says."""
        self._store(key, lambda out: out.write(data))

    def get(self, key: str, file: Path, *, count: Callable[[int], None]) -> None:
        """As the contract says."""
        try:
            with self._path(key).open("rb") as source, file.open("xb") as out:
                _copy(source, out, count)
        except OSError as error:
            raise self._failed(error, key) from error

    def read(self, key: str) -> bytes:
        """As the contract says."""
        try:
            return self._path(key).read_bytes()
        except OSError as error:
            raise self._failed(error, key) from error

    def list(self, prefix: str) -> Sequence[Lying]:
        """As the contract says; what is only half written has no key yet."""
        try:
            found = [
                Lying(key=path.relative_to(self._folder).as_posix(), bytes=size)
                for path in self._folder.rglob("*")
                if not path.name.startswith(_HALF) and (size := _size_of(path)) is not None
            ]
        except OSError as error:
            raise self._failed(error, prefix) from error
        return sorted((each for each in found if each.key.startswith(prefix)), key=lambda each: each.key)

    def remove(self, key: str) -> None:
        """As the contract says."""
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error, key) from error

    def close(self) -> None:
        """Nothing is held."""

    def _store(self, key: str, fill: Callable[[BinaryIO], object]) -> None:
        path = self._path(key)
        half = path.with_name(f"{_HALF}{new_id().hex}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    fill(out)
                    out.flush()
                    os.fsync(out.fileno())
                half.replace(path)
            except BaseException:
                half.unlink(missing_ok=True)
                raise
            _sync(path.parent)
        except OSError as error:
            raise self._failed(error, key) from error

    def _path(self, key: str) -> Path:
        return self._folder / key

    def _failed(self, error: OSError, key: str) -> TargetError:
        if isinstance(error, FileNotFoundError):
            return TargetError(f"There is no {key} in {self._folder}.", code="backup_missing")
        reason = error.strerror or type(error).__name__
        return TargetError(f"The folder {self._folder} cannot be used: {reason}. Mend it, or set another.")


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise TargetError(f"The spooled backup cannot be read: {error}.") from error


def _copy(source: BinaryIO, out: BinaryIO, count: Callable[[int], None]) -> None:
    while data := source.read(_PIECE_BYTES):
        out.write(data)
        count(len(data))


def _size_of(path: Path) -> int | None:
    """The size of a file; None = it is none, or somebody removed it while we looked."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return about.st_size if stat.S_ISREG(about.st_mode) else None


def _sync(folder: Path) -> None:
    """Bring the folder's own list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def free_bytes(folder: Path) -> int:
    """Room where a folder is or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
