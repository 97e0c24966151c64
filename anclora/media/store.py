"""Files on the disk, named by their content, written whole or not at all."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from anclora.kit.errors import InvalidError, NotFoundError, UnavailableError
from anclora.kit.ids import new_id
from anclora.kit.logging import get_logger
from anclora.media.rules import HEAD_BYTES

log = get_logger(__name__)
_PIECE_BYTES = 1_000_000


class Unnamed(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes on the disk that have no name yet."""

    path: Path
    hash: str
    size: int
    head: bytes


class FileStore:
    """One folder of files.

    Args:
        folder: made when the first file comes. Processes on several machines need the same one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, pieces: AsyncIterator[bytes], *, limit_bytes: int) -> Unnamed:
        """Stream bytes to the disk and learn their hash; `place` or `drop` comes next.

        Raises:
            InvalidError: `too_large` (nothing is kept), or there is not one byte (`empty_file`).
            UnavailableError: the disk does not take it.
        """
        path = self._folder / "new" / new_id().hex
        try:
            await asyncio.to_thread(path.parent.mkdir, 0o700, True, True)
            file = await asyncio.to_thread(path.open, "xb")
        except OSError as error:
            raise self._broken(error) from error
        try:
            with contextlib.closing(file):
                return await self._written(file, path, pieces, limit_bytes)
        except OSError as error:
            await self.drop(path)
            raise self._broken(error) from error
        except BaseException:
            await self.drop(path)
            raise

    async def _written(self, file: BinaryIO, path: Path, pieces: AsyncIterator[bytes], limit_bytes: int) -> Unnamed:
        digest, size, head, held = hashlib.sha256(), 0, b"", bytearray()

        def flush() -> None:
            digest.update(held)
            file.write(held)
            held.clear()

        async for piece in pieces:
            size += len(piece)
            if size > limit_bytes:
                raise InvalidError(f"The file is larger than {limit_bytes} bytes.", code="too_large")
            held += piece
            if len(head) < HEAD_BYTES:
                head = bytes(head + piece)[:HEAD_BYTES]
            if len(held) >= _PIECE_BYTES:
                await asyncio.to_thread(flush)
        if not size:
            raise InvalidError("The file is empty; send its bytes as the body.", code="empty_file")

        def finish() -> None:
            flush()
            file.flush()
            os.fsync(file.fileno())

        await asyncio.to_thread(finish)
        return Unnamed(path=path, hash=digest.hexdigest(), size=size, head=head)

    async def place(self, draft: Unnamed) -> None:
        """Give written bytes their name. The same file twice is one.

        Raises:
            UnavailableError: the disk does not take it.
        """
        path = self._path(draft.hash)

        def rename() -> None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.path.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

        try:
            await asyncio.to_thread(rename)
        except OSError as error:
            raise self._broken(error) from error

    async def drop(self, path: Path) -> None:
        """Forget bytes that got no name."""
        with contextlib.suppress(OSError):
            await asyncio.to_thread(path.unlink, True)

    async def read(self, file_hash: str) -> bytes:
        """The bytes of a file, proved by its name.

        Raises:
            NotFoundError: it is not here any more, or never was (`media_gone`).
            UnavailableError: it cannot be read, or is not what it was (`media_broken`).
        """
        path = self._path(file_hash)

        def load() -> tuple[bytes, str]:
            data = path.read_bytes()
            return data, hashlib.sha256(data).hexdigest()

        try:
            data, found = await asyncio.to_thread(load)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"The file {file_hash} is not here any more. Upload it again.", code="media_gone"
            ) from error
        except OSError as error:
            raise self._broken(error) from error
        if found != file_hash:
            log.error("media_broken", hash=file_hash, found=found)
            raise UnavailableError(
                f"The file {file_hash} is damaged on the disk. Upload it again.", code="media_broken"
            )
        return data

    async def remove(self, file_hash: str) -> None:
        """Remove a file that may be missing already.

        Raises:
            UnavailableError: the disk refuses.
        """
        try:
            await asyncio.to_thread(self._path(file_hash).unlink, True)
        except OSError as error:
            raise self._broken(error) from error

    async def forget_unnamed(self, *, older_than_epoch_seconds: float) -> int:
        """Remove what uploads left behind whose process died; how many."""

        def sweep() -> int:
            count = 0
            for path in (self._folder / "new").glob("*"):
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < older_than_epoch_seconds:
                        path.unlink()
                        count += 1
            return count

        return await asyncio.to_thread(sweep)

    def _path(self, file_hash: str) -> Path:
        return self._folder / file_hash[:2] / file_hash

    def _broken(self, error: OSError) -> UnavailableError:
        reason = error.strerror or type(error).__name__
        return UnavailableError(f"The folder of media cannot be used: {reason}.", code="media_folder")
