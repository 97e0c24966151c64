"""Making a backup: captured into an encrypted file here, brought to its place, and then, last of all, said to be there.

A process that dies in the middle leaves a file in the spool or bytes without a manifest: neither is ever a backup, and
both are swept.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from anclora import __version__
from anclora.backups import configuration, lanes, postgres
from anclora.backups.errors import FailedError, NotConfiguredError
from anclora.backups.folder import free_bytes
from anclora.backups.house import House
from anclora.backups.model import Captured, Kind, Manifest, Step, Tier, no_step
from anclora.backups.proof import signed, written
from anclora.backups.rules import data_key, manifest_key, name_of, name_of_data, name_of_manifest
from anclora.backups.seal import Sealed, Sealer
from anclora.backups.wal import files
from anclora.kit.errors import InvalidError, SetupError
from anclora.kit.ids import new_id

_LEAST_FREE_BYTES = 100_000_000


async def make(house: House, kind: Kind, tier: Tier, step: Step = no_step) -> Manifest:
    """Make one backup.

    Raises:
        NotConfiguredError: what it should be of, or its key, is not set.
        SetupError: a program is missing on this machine, or room.
        FailedError: the source did not give it.
        UnavailableError: the source does not answer, or the target does not take it. In every case nothing is listed.
    """
    key = house.keyring().current
    await asyncio.to_thread(_prepare, house.spool)
    half = house.spool / f"{new_id().hex}.enc"
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            if tier is Tier.BASE:
                captured, sealed = await _base(house, kind, Sealer(out, key), step)
            else:
                captured, sealed = await _captured(house, kind, Sealer(out, key), out, step)
        lying = await asyncio.to_thread(house.target.list, f"{kind}/{tier}/")
        taken = [name for each in lying if (name := name_of_manifest(each.key) or name_of_data(each.key))]
        name = name_of(kind, tier, captured.made_at, taken)
        await asyncio.to_thread(house.target.put, data_key(name), half, count=counting(step, "upload", sealed.bytes))
        manifest = Manifest(
            name=name,
            kind=kind,
            tier=tier,
            made_at=captured.made_at,
            finished_at=house.clock.now(),
            data=data_key(name),
            bytes=sealed.bytes,
            sha256=sealed.sha256,
            plain_bytes=sealed.plain_bytes,
            unpacked_bytes=captured.unpacked_bytes,
            server=captured.server,
            revision=captured.revision,
            program=__version__,
            key_id=key.id,
            prints=captured.prints,
            origin=captured.origin,
        )
        manifest = signed(manifest, key)
        await asyncio.to_thread(house.target.write, manifest_key(name), written(manifest))
    except OSError as error:
        reason = error.strerror or error
        raise FailedError(f"{house.spool}, where a backup waits, cannot be used: {reason}. Make room.") from error
    finally:
        half.unlink(missing_ok=True)
    return manifest


async def _captured(house: House, kind: Kind, sealer: Sealer, out: BinaryIO, step: Step) -> tuple[Captured, Sealed]:
    settings = house.settings
    if kind is Kind.CONFIG:
        data = configuration.document(settings)
        await asyncio.to_thread(sealer.write, data)
        captured = configuration.captured(data, house.clock.now())
    elif kind is Kind.REDIS:
        captured = await lanes.capture(url_of(house, kind), sealer, step, house.spool, house.clock)
    else:
        captured = await postgres.capture(url_of(house, kind), sealer, step)
    sealed = await asyncio.to_thread(sealer.finish)
    out.close()
    return captured, sealed


async def _base(house: House, kind: Kind, sealer: Sealer, step: Step) -> tuple[Captured, Sealed]:
    if kind is not Kind.POSTGRES:
        raise InvalidError(f"A base backup is of postgres, not of {kind}.", code="no_base_of_this")
    return await files.capture(url_of(house, kind), sealer, step)


def url_of(house: House, kind: Kind) -> str:
    """The address of the server a kind of backup is of.

    Raises:
        NotConfiguredError: it is not set.
    """
    settings = house.settings
    urls = {
        Kind.POSTGRES: ("DATABASE_URL", settings.database_url),
        Kind.REDIS: ("REDIS_URL", settings.redis_url),
        Kind.EVOLUTION: ("ANCLORA_EVOLUTION_DATABASE_URL", settings.evolution_database_url),
    }
    name, url = urls[kind]
    if not url:
        raise NotConfiguredError(f"{name} is not set, so there is no {kind} to back up. Start `anclora up`, or set it.")
    return url if kind is Kind.REDIS else postgres.plain_url(url)


def counting(step: Step, what: str, whole: int) -> Callable[[int], None]:
    """Tells of progress by what has moved since the last word."""
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        step(what, done, whole)

    return count


def _prepare(spool: Path) -> None:
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"{spool}, where backups wait, cannot be made: {error.strerror or error}.") from error
    if free_bytes(spool) < _LEAST_FREE_BYTES:
        raise SetupError(f"There is no room left in {spool}, where a backup waits until it is whole. Make some.")
