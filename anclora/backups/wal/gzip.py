"""Compressed, then encrypted: most of a segment that was closed early is empty. Blocks; call it in a thread."""

import zlib
from collections.abc import Iterator

from anclora.backups.errors import DamagedError
from anclora.backups.seal import Sealed, Sealer

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # a busy ledger writes a segment every few seconds; more would cost more than it saves


class Packer:
    """Takes bytes for a sealer.

    Args:
        sealer: gets them compressed.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._zip = zlib.compressobj(_LEVEL, wbits=_GZIP)
        self.taken_bytes = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self.taken_bytes += len(data)
        if packed := self._zip.compress(data):
            self._sealer.write(packed)

    def finish(self) -> Sealed:
        """Mark the end."""
        self._sealer.write(self._zip.flush())
        return self._sealer.finish()


def unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What was packed, piece by piece.

    Raises:
        DamagedError: it was not.
    """
    inner = zlib.decompressobj(wbits=_GZIP)
    try:
        for piece in pieces:
            yield inner.decompress(piece)
        yield inner.flush()
    except zlib.error as error:
        raise DamagedError(f"This is no compressed stream: {error}. Nothing was touched.") from error
