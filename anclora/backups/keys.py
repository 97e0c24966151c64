"""The keys backups are encrypted with: a file that lies anywhere but with the backups.

One key a line. The first encrypts; every one of them opens what it closed, so a key that was replaced stays in the file
for as long as backups of its time may be needed.
"""

import base64
import binascii
import os
import secrets
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from anclora.backups.errors import KeyFileError, WrongKeyError
from anclora.kit.errors import ConflictError

_PREFIX = "abk_"
_BYTES = 32
_HEAD = (
    "# Keys of Anclora's backups. Without this file no backup can be read: keep a copy of it where neither this\n"
    "# machine nor the bucket can lose it. The first key encrypts, all of them open.\n"
)


class Key(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """A key. Its `id` tells keys apart and says nothing of them."""

    secret: bytes

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Key({self.id})"

    @property
    def id(self) -> str:
        """16 hex digits."""
        return sha256(b"anclora backup key id\0" + self.secret).hexdigest()[:16]

    def derived(self, purpose: bytes, salt: bytes = b"") -> bytes:
        """32 bytes for one purpose (RFC 5869), so that no two uses share a key."""
        return HKDF(SHA256(), _BYTES, salt, b"anclora backup v1 " + purpose).derive(self.secret)


class Keyring:
    """The keys of one file, the one in use first."""

    def __init__(self, keys: Sequence[Key], path: Path) -> None:
        self._keys = {key.id: key for key in keys}
        self.current = keys[0]
        self.path = path

    @property
    def ids(self) -> Sequence[str]:
        """Their ids, the one in use first."""
        return list(self._keys)

    def find(self, key_id: str) -> Key:
        """The key of an id.

        Raises:
            WrongKeyError: it is not in the file.
        """
        found = self._keys.get(key_id)
        if found is None:
            raise WrongKeyError(
                f"This backup was made with the key {key_id}; {self.path} has {', '.join(self._keys)}. "
                "Add the line of that key to the file, or set ANCLORA_BACKUP_KEY_FILE to the file that has it."
            )
        return found


def read_keyring(path: Path) -> Keyring:
    """Read a key file.

    Raises:
        KeyFileError: it is missing, unreadable, or a line is no key.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError as error:
        raise KeyFileError(
            f"There is no key file {path}. Make one: anclora backup key. If backups exist, bring back the file they "
            "were made with; a new key does not open them."
        ) from error
    except (OSError, ValueError) as error:
        raise KeyFileError(f"The key file {path} cannot be read: {error}.") from error
    keys = [_parse(line.strip(), path) for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise KeyFileError(f"The key file {path} holds no key. Bring back its copy, or make one: anclora backup key.")
    return Keyring(keys, path)


def make_key(path: Path) -> Keyring:
    """Make a key file, readable by its owner only.

    Raises:
        ConflictError: it is there already; nothing is overwritten, ever.
        KeyFileError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConflictError(f"{path} is there already. To use a new key from now on: --rotate.") from error
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be written: {error.strerror or error}.") from error
    with os.fdopen(file, "w", encoding="ascii") as out:
        out.write(f"{_HEAD}{_new_line()}")
        out.flush()
        os.fsync(out.fileno())
    return read_keyring(path)


def rotate_key(path: Path) -> Keyring:
    """Put a new key first in a key file; the old ones stay.

    Raises:
        KeyFileError: the file cannot be read or written; it stays as it was.
    """
    read_keyring(path)
    lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    first = next(place for place, line in enumerate(lines) if line.strip() and not line.startswith("#"))
    half = path.with_name(f"{path.name}.new")
    try:
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write("".join([*lines[:first], _new_line(), *lines[first:]]))
            out.flush()
            os.fsync(out.fileno())
        half.replace(path)
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be written: {error.strerror or error}.") from error
    return read_keyring(path)


def _new_line() -> str:
    return f"{_PREFIX}{base64.urlsafe_b64encode(secrets.token_bytes(_BYTES)).decode().rstrip('=')}\n"


def _parse(line: str, path: Path) -> Key:
    try:
        secret = base64.b64decode(line.removeprefix(_PREFIX) + "=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        secret = b""
    if not line.startswith(_PREFIX) or len(secret) != _BYTES:
        raise KeyFileError(
            f"A line of the key file {path} is no key ({_PREFIX}… and 43 characters). Bring back its copy."
        )
    return Key(secret)
