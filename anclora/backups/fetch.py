"""Bringing a backup back, whole and proved to its last byte, before anything is done with it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

from anclora.backups.errors import DamagedError, TargetError
from anclora.backups.folder import free_bytes
from anclora.backups.house import House
from anclora.backups.keys import Keyring
from anclora.backups.model import Manifest, Step
from anclora.backups.proof import prove
from anclora.backups.run import counting
from anclora.backups.seal import digest_of, opened
from anclora.kit.errors import SetupError
from anclora.kit.ids import new_id

Reads = Callable[[], Iterator[bytes]]
"""Begins the plain stream of a fetched backup; may be called again."""


@contextlib.asynccontextmanager
async def fetched(house: House, manifest: Manifest, step: Step) -> AsyncGenerator[Reads, None]:
    """A backup on this machine for the length of a block, still encrypted.

    Raises:
        WrongKeyError: it was made with another key.
        DamagedError: it is cut off or changed, or its manifest is.
        ForeignError: what lies in its place is no backup.
        TargetError: the target does not answer.
        SetupError: there is no room.
    """
    keys = house.keyring()
    prove(manifest, keys)
    house.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    if free_bytes(house.spool) < manifest.bytes:
        raise SetupError(f"To fetch this needs {manifest.bytes // 1_000_000 + 1} MB in {house.spool}. Make room.")
    file = house.spool / f"{new_id().hex}.enc"
    try:
        await _get(house, manifest, file, step)
        await asyncio.to_thread(_check, file, manifest, keys, step)
        with file.open("rb") as source:

            def again() -> Iterator[bytes]:
                source.seek(0)
                return opened(source, keys)

            yield again
    finally:
        file.unlink(missing_ok=True)


async def _get(house: House, manifest: Manifest, file: Path, step: Step) -> None:
    try:
        await asyncio.to_thread(house.target.get, manifest.data, file, count=counting(step, "fetch", manifest.bytes))
    except TargetError as error:
        if error.code != "backup_missing":
            raise
        raise DamagedError(
            f"The bytes of {manifest.name} are gone from {house.target.place}. Nothing was touched. Take another one: "
            "anclora backup list"
        ) from error


def _check(file: Path, manifest: Manifest, keys: Keyring, step: Step) -> None:
    """The stream itself first, since it tells best what is wrong; then that it is the one of this manifest."""
    plain = 0
    with file.open("rb") as source:
        for piece in opened(source, keys):
            plain += len(piece)
            step("prove", plain, manifest.plain_bytes)
        source.seek(0)
        size, digest = digest_of(source)
    if (size, digest) != (manifest.bytes, manifest.sha256):
        raise DamagedError(
            f"The bytes of {manifest.name} are those of another backup. Nothing was touched. Take another one: "
            "anclora backup list"
        )
