"""Where the bytes of files lie, whatever that is: a folder (`disk`) or a bucket (`bucket`). One suite runs on both.

write ──► draft ──► place(draft)   in the transaction of the file's row: from now on it has a name, its hash
            └─────► drop(draft)    it was refused, or the row was: nothing stays
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import msgspec

from anclora.kit.errors import NotFoundError, UnavailableError
from anclora.kit.logging import get_logger

log = get_logger(__name__)


class Unnamed(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that are here and have no name yet; `at` is a path or a key, the store's own business."""

    at: str
    hash: str
    size: int
    head: bytes


class FileStore(Protocol):
    """Keeps bytes under their SHA-256. Every failure is one of the named errors, and none loses a file that is kept."""

    async def write(self, pieces: AsyncIterator[bytes], *, limit_bytes: int, admit: Callable[[bytes], None]) -> Unnamed:
        """Stream bytes in and learn their hash; `place` or `drop` comes next.

        Args:
            pieces: as they come; never more than a few megabytes of them are in memory.
            limit_bytes: of the whole file; one byte more ends it.
            admit: judges the first `HEAD_BYTES`, before anything behind them is taken; raises what refuses the file.

        Raises:
            InvalidError: `too_large`, there is not one byte (`empty_file`), or what `admit` raised. Nothing is kept.
            UnavailableError: the store does not take it. Nothing is kept.
        """
        ...

    async def place(self, draft: Unnamed) -> None:
        """Give written bytes their name. The same file twice is one. Raises `UnavailableError`."""
        ...

    async def drop(self, draft: Unnamed) -> None:
        """Forget bytes that got no name. Raises nothing: what cannot be removed is swept later."""
        ...

    async def read(self, file_hash: str) -> bytes:
        """The bytes of a file, proved by its name.

        Raises:
            NotFoundError: it is not here any more, or never was (`media_gone`).
            UnavailableError: it cannot be read, or is not what it was (`media_broken`).
        """
        ...

    async def remove(self, file_hash: str) -> None:
        """Remove a file that may be missing already. Raises `UnavailableError`."""
        ...

    async def forget_unnamed(self, *, older_than_epoch_seconds: float) -> int:
        """Remove what uploads left behind whose process died; how many. Raises `UnavailableError`."""
        ...

    async def close(self) -> None:
        """Let go of threads and connections."""
        ...


def gone(file_hash: str) -> NotFoundError:
    """There is no such file."""
    return NotFoundError(f"The file {file_hash} is not here any more. Upload it again.", code="media_gone")


def proved(data: bytes, file_hash: str) -> bytes:
    """The bytes, if they are what their name says.

    Raises:
        UnavailableError: they are not (`media_broken`).
    """
    found = hashlib.sha256(data).hexdigest()
    if found != file_hash:
        log.error("media_broken", hash=file_hash, found=found)
        raise UnavailableError(f"The file {file_hash} is damaged where it lies. Upload it again.", code="media_broken")
    return data
