"""Where backups lie, whatever that is: a folder (`folder`) or a bucket (`bucket`). One suite runs on both.

Every call blocks, bounded by the target's own time-outs; from a coroutine they are called in a thread.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from anclora.backups.errors import NotConfiguredError
from anclora.backups.folder import FolderTarget
from anclora.backups.model import Lying

Count = Callable[[int], None]
"""Told how many more bytes have moved."""


class Target(Protocol):
    """Keeps whole files under keys. Every failure is a `TargetError`, and none leaves half a file under a key."""

    @property
    def place(self) -> str:
        """Where it is, for people; without secrets."""
        ...

    def put(self, key: str, file: Path, *, count: Count) -> None:
        """Store a file, whole or not at all; what lay under the key is replaced. Raises `TargetError`."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Store a few bytes, whole or not at all. Raises `TargetError`."""
        ...

    def get(self, key: str, file: Path, *, count: Count) -> None:
        """Fetch into a new file. Raises `TargetError` (code `backup_missing` when there is nothing under the key)."""
        ...

    def read(self, key: str) -> bytes:
        """A few bytes. Raises as `get`."""
        ...

    def list(self, prefix: str) -> Sequence[Lying]:
        """Everything whose key begins with the prefix, in the order of keys. Raises `TargetError`."""
        ...

    def remove(self, key: str) -> None:
        """Remove what may be missing already. Raises `TargetError`."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def open_target(url: str | None, *, setting: str = "ANCLORA_BACKUP_URL") -> Target:
    """The target of a setting: `s3://bucket/prefix`, `file:///path` or a path. Connects to nothing.

    Raises:
        NotConfiguredError: there is none, or it is neither.
    """
    if not url:
        raise NotConfiguredError(
            "Backups are not configured. Set ANCLORA_BACKUP_URL (s3://bucket/prefix or a folder) and "
            "ANCLORA_BACKUP_KEY_FILE; the key is made by: anclora backup key"
        )
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        prefix = parts.path.strip("/")
        # The AWS client takes 0.2 s to import; only who has a bucket waits for that.
        bucket: Target = import_module("anclora.backups.bucket").BucketTarget(
            parts.netloc, f"{prefix}/" if prefix else ""
        )
        return bucket
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return FolderTarget(Path(unquote(parts.path)))
    if not parts.scheme:
        return FolderTarget(Path(url).expanduser())
    raise NotConfiguredError(
        f"{setting} begins with {parts.scheme}://, which is no place for files. "
        "Set it to s3://bucket/prefix or a folder."
    )
