"""Encryption of a stream: AES-256-GCM in pieces whose nonces are their numbers, the last one marked as the end.

    header   8 bytes magic | 8 bytes key id | 32 bytes salt
    piece    up to 1 MiB of the stream, encrypted, with 16 bytes of proof
    ...

Each file has a key of its own, derived from ours with the salt, so a nonce (11 bytes of the piece's number, 1 byte
that is 1 for the last piece only) is never used twice. The header is part of every proof. So nothing can be changed,
moved, taken out, put in or cut off at the end without being noticed (the STREAM construction; Hoang, Reyhanitabar,
Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015).
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anclora.backups.errors import DamagedError, ForeignError
from anclora.backups.keys import Key, Keyring

MAGIC = b"ANCLBK01"
PIECE_BYTES = 1 << 20
_TAG_BYTES = 16
_SALT_BYTES = 32
_HEADER_BYTES = len(MAGIC) + 8 + _SALT_BYTES
_READ_BYTES = 1 << 20


class Sealed(NamedTuple):
    """What was written: `bytes` and `sha256` of the file, `plain_bytes` of the stream."""

    bytes: int
    sha256: str
    plain_bytes: int


class Sealer:
    """Encrypts what is written to it into a file. Blocks; from a coroutine call it in a thread.

    Args:
        out: gets the encrypted bytes; stays open.
        key: encrypts.
    """

    def __init__(self, out: BinaryIO, key: Key) -> None:
        salt = os.urandom(_SALT_BYTES)
        self._header = MAGIC + bytes.fromhex(key.id) + salt
        self._cipher = AESGCM(key.derived(b"data", salt))
        self._out = out
        self._digest = sha256()
        self._held = bytearray()
        self._count = self._bytes = 0
        self.plain_bytes = 0
        self._put(self._header)

    def write(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self.plain_bytes += len(data)
        self._held += data
        while len(self._held) > PIECE_BYTES:  # one byte more, so that this is certainly not the last piece
            self._piece(bytes(self._held[:PIECE_BYTES]), last=False)
            del self._held[:PIECE_BYTES]

    def finish(self) -> Sealed:
        """Mark the end and bring everything to the disk."""
        self._piece(bytes(self._held), last=True)
        self._out.flush()
        os.fsync(self._out.fileno())
        return Sealed(self._bytes, self._digest.hexdigest(), self.plain_bytes)

    def _piece(self, data: bytes, *, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._count, last=last), data, self._header))
        self._count += 1

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._bytes += len(data)
        self._out.write(data)


def opened(file: BinaryIO, keys: Keyring) -> Iterator[bytes]:
    """The stream in a file, piece by piece, each proved before it is given; the end is proved with the last one.

    Raises:
        ForeignError: it is no backup of ours.
        WrongKeyError: it was made with a key that is not in the file of keys.
        DamagedError: it was cut off or changed.
    """
    header = file.read(_HEADER_BYTES)
    if not header.startswith(MAGIC):
        raise ForeignError(
            "This is no backup of Anclora: it does not begin like one. Nothing was touched. See: anclora backup list"
        )
    if len(header) < _HEADER_BYTES:
        raise _cut_off()
    key = keys.find(header[len(MAGIC) : len(MAGIC) + 8].hex())
    cipher = AESGCM(key.derived(b"data", header[-_SALT_BYTES:]))
    count, piece = 0, file.read(PIECE_BYTES + _TAG_BYTES)
    while True:
        after = file.read(PIECE_BYTES + _TAG_BYTES)
        yield _decrypted(cipher, piece, header, count, last=not after)
        if not after:
            return
        count, piece = count + 1, after


def _decrypted(cipher: AESGCM, piece: bytes, header: bytes, count: int, *, last: bool) -> bytes:
    try:
        return cipher.decrypt(_nonce(count, last=last), piece, header)
    except InvalidTag:
        pass
    if last and _is_inner(cipher, piece, header, count):
        raise _cut_off()
    what = "damaged or cut off" if last else "damaged"
    raise DamagedError(f"This backup is {what}: piece {count + 1} is not what was written. {_TAKE_ANOTHER}")


def _is_inner(cipher: AESGCM, piece: bytes, header: bytes, count: int) -> bool:
    """Whether a last piece was written as one that others follow."""
    try:
        cipher.decrypt(_nonce(count, last=False), piece, header)
    except InvalidTag:
        return False
    return True


_TAKE_ANOTHER = "Nothing was touched. Take another one: anclora backup list"


def _cut_off() -> DamagedError:
    return DamagedError(f"This backup is cut off: its end is missing. {_TAKE_ANOTHER}")


def _nonce(count: int, *, last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([last])


def digest_of(file: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 of a file."""
    digest, size = sha256(), 0
    while data := file.read(_READ_BYTES):
        digest.update(data)
        size += len(data)
    return size, digest.hexdigest()
