"""Manifests: written with a proof that whoever wrote them had the key, and read with as much doubt as they deserve."""

import hmac
from hashlib import sha256

import msgspec

from anclora.backups.errors import DamagedError, ForeignError
from anclora.backups.keys import Key, Keyring
from anclora.backups.model import FORMAT, Manifest


class _Format(msgspec.Struct):
    format: int


# Manifests are read by several threads at once, and msgspec learns what a type is at its first use, without a lock: two
# first uses at the same moment end the process. Here they are made by the one thread that imports.
_format, _manifest = msgspec.json.Decoder(_Format), msgspec.json.Decoder(Manifest)


def signed(manifest: Manifest, key: Key) -> Manifest:
    """The manifest with its proof."""
    return msgspec.structs.replace(manifest, mac=_mac(manifest, key))


def written(manifest: Manifest) -> bytes:
    """A manifest as it lies beside its backup."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def parsed(data: bytes, name: str) -> Manifest:
    """The manifest of a backup, not proved yet.

    Raises:
        ForeignError: it is none of ours, or of a program newer than this one.
    """
    try:
        number = _format.decode(data).format
        if number > FORMAT:
            raise ForeignError(f"{name} was made by a newer Anclora (format {number}). Update this one.")
        manifest = _manifest.decode(data)
    except msgspec.DecodeError as error:
        raise ForeignError(
            f"The manifest of {name} is none of Anclora's: {error}. Nothing was touched. Take another backup: "
            "anclora backup list"
        ) from error
    if manifest.name != name:
        raise ForeignError(
            f"The manifest of {name} is of {manifest.name[:80]!a}: somebody moved it. Nothing was touched. Bring it "
            "back to its place, or take another backup: anclora backup list"
        )
    return manifest


def prove(manifest: Manifest, keys: Keyring) -> Key:
    """The key of a manifest, once it is proved.

    Raises:
        WrongKeyError: we do not have it.
        DamagedError: the manifest is not what was written.
    """
    key = keys.find(manifest.key_id)
    if not hmac.compare_digest(_mac(manifest, key), manifest.mac):
        raise DamagedError(
            f"The manifest of {manifest.name} is not what was written. Nothing was touched. Take another backup: "
            "anclora backup list"
        )
    return key


def _mac(manifest: Manifest, key: Key) -> str:
    plain = msgspec.json.encode(msgspec.structs.replace(manifest, mac=""))
    return hmac.new(key.derived(b"manifest"), plain, sha256).hexdigest()
