"""Files on the disk, named by their content, written whole or not at all."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO

from anclora.kit.errors import InvalidError, UnavailableError
from anclora.kit.ids import new_id
from anclora.media.rules import HEAD_BYTES
from anclora.media.store import Unnamed, gone, proved

_PIECE_BYTES = 1_000_000


class DiskStore:
    """One folder of files.

    Args:
        folder: made when the first file comes. Processes on several machines need the same one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, pieces: AsyncIterator[bytes], *, limit_bytes: int, admit: Callable[[bytes], None]) -> Unnamed:
        """As the contract says; bytes without a name lie in `new`."""
        path = self._folder / "new" / new_id().hex
        try:
            await asyncio.to_thread(path.parent.mkdir, 0o700, True, True)
            file = await asyncio.to_thread(path.open, "xb")
        except OSError as error:
            raise self._broken(error) from error
        try:
            with contextlib.closing(file):
                return await self._written(file, path, pieces, limit_bytes, admit)
        except OSError as error:
            await self._unlink(path)
            raise self._broken(error) from error
        except BaseException:
            await self._unlink(path)
            raise

    async def _written(
        self,
        file: BinaryIO,
        path: Path,
        pieces: AsyncIterator[bytes],
        limit_bytes: int,
        admit: Callable[[bytes], None],
    ) -> Unnamed:
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
                if len(head) == HEAD_BYTES:
                    admit(head)
            if len(held) >= _PIECE_BYTES:
                await asyncio.to_thread(flush)
        if not size:
            raise InvalidError("The file is empty; send its bytes as the body.", code="empty_file")
        if len(head) < HEAD_BYTES:
            admit(head)

        def finish() -> None:
            flush()
            file.flush()
            os.fsync(file.fileno())

        await asyncio.to_thread(finish)
        return Unnamed(at=str(path), hash=digest.hexdigest(), size=size, head=head)

    async def place(self, draft: Unnamed) -> None:
        """Rename, and make the rename last."""
        path = self._path(draft.hash)

        def rename() -> None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            Path(draft.at).replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

        try:
            await asyncio.to_thread(rename)
        except OSError as error:
            raise self._broken(error) from error

    async def drop(self, draft: Unnamed) -> None:
        """Remove bytes that got no name."""
        await self._unlink(Path(draft.at))

    async def read(self, file_hash: str) -> bytes:
        """The whole file, proved."""
        path = self._path(file_hash)
        try:
            return await asyncio.to_thread(lambda: proved(path.read_bytes(), file_hash))
        except FileNotFoundError as error:
            raise gone(file_hash) from error
        except OSError as error:
            raise self._broken(error) from error

    async def remove(self, file_hash: str) -> None:
        """Remove the file of this name, if it is here."""
        try:
            await asyncio.to_thread(self._path(file_hash).unlink, True)
        except OSError as error:
            raise self._broken(error) from error

    async def forget_unnamed(self, *, older_than_epoch_seconds: float) -> int:
        """Remove old files of `new`."""

        def sweep() -> int:
            count = 0
            for path in (self._folder / "new").glob("*"):
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < older_than_epoch_seconds:
                        path.unlink()
                        count += 1
            return count

        return await asyncio.to_thread(sweep)

    async def close(self) -> None:
        """Nothing is held."""

    async def _unlink(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(path.unlink, True)

    def _path(self, file_hash: str) -> Path:
        return self._folder / file_hash[:2] / file_hash

    def _broken(self, error: OSError) -> UnavailableError:
        reason = error.strerror or type(error).__name__
        return UnavailableError(f"The folder of media cannot be used: {reason}.", code="media_folder")
