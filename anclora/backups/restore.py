"""Bringing a backup back for good: proved first, restored beside what is there, and never in its place unasked.

A ledger comes back with everything paused. What it holds as waiting may have gone out after the backup was made, and
nobody here can know: sending it again is a decision for a person. Its lanes are rebuilt, under an epoch of their own.
"""

import asyncio
import os
from pathlib import Path

import msgspec

from anclora.backups.anew import begin_anew
from anclora.backups.errors import FailedError, RefusedError
from anclora.backups.fetch import Reads, fetched
from anclora.backups.house import House
from anclora.backups.lanes_back import bring_back, look_at_redis
from anclora.backups.model import Kind, Manifest, Step, Tier, no_step
from anclora.backups.postgres import load, plain_url, prints_of
from anclora.backups.rules import differences
from anclora.backups.run import url_of
from anclora.backups.scratch import write_all
from anclora.backups.swap import admit, beside, look_at
from anclora.kit.errors import InvalidError, SetupError
from anclora.storage.migrate import revisions


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore did.

    Attributes:
        into: the database, Redis or file; without secrets.
        kept: the name under which what was there is kept; empty = there was nothing.
        rows: rows, or keys, that are there now.
        pending: messages a restored ledger holds as not sent yet; None = no ledger.
        paused: nothing goes out until somebody resumes it.
    """

    name: str
    into: str
    kept: str
    rows: int
    pending: int | None
    paused: bool


async def restore(
    house: House,
    manifest: Manifest,
    step: Step = no_step,
    *,
    into: str | None = None,
    confirmed: str | None = None,
    send: bool = False,
) -> Restored:
    """Restore a backup.

    Args:
        house: where it lies.
        manifest: which.
        step: told of progress.
        into: a database, Redis or, of a configuration, a new file; None = the configured one.
        confirmed: the name of what may be replaced, as a person typed it.
        send: what waits goes out as soon as a process runs; else everything is paused.

    Raises:
        DamagedError, ForeignError, WrongKeyError: as `fetched`; before anything is touched.
        RefusedError: it would replace something, or somebody is using it.
        SetupError: this program is older than the backup, or the machine or the server lacks something.
        FailedError: it did not come back as it was; everything is as it was before.
        UnavailableError: a server or the target does not answer.
    """
    if manifest.tier is Tier.BASE:
        raise InvalidError(
            "A base is restored together with its log: anclora backup restore postgres --to-time INSTANT --into FOLDER",
            code="base_without_instant",
        )
    if manifest.kind is Kind.CONFIG:
        return await _file(house, manifest, step, into)
    url = url_of(house, manifest.kind) if into is None else into
    if manifest.kind is Kind.REDIS:
        target = await asyncio.to_thread(look_at_redis, url, confirmed)
        async with fetched(house, manifest, step) as reads:
            rows = await asyncio.to_thread(bring_back, house, manifest, reads, url, step)
        return Restored(name=manifest.name, into=target, kept="", rows=rows, pending=None, paused=False)
    if manifest.kind is Kind.POSTGRES and manifest.revision not in revisions():
        raise SetupError(
            f"{manifest.name} has the tables of revision {manifest.revision}, which this program does not know. "
            f"Nothing was touched. Install Anclora {manifest.program} or newer."
        )
    place = await look_at(plain_url(url))
    admit(place, confirmed)
    async with fetched(house, manifest, step) as reads, beside(place, house.clock) as made:
        rows = await _loaded(made.url, manifest, reads, step)
        ledger = manifest.kind is Kind.POSTGRES
        pending = await begin_anew(house, made.url, manifest, manifest.made_at, send=send) if ledger else None
        kept = await made.take_over()
    return Restored(
        name=manifest.name,
        into=place.name,
        kept=kept or "",
        rows=rows,
        pending=pending,
        paused=ledger and not send,
    )


async def _loaded(url: str, manifest: Manifest, reads: Reads, step: Step) -> int:
    await load(url, reads(), step, manifest.plain_bytes)
    step("count rows", 0, None)
    found = await prints_of(url)
    if wrong := differences(manifest.prints, found):
        raise FailedError(
            f"{manifest.name} did not come back as it was: {'; '.join(wrong[:3])}. Everything is as it was before. "
            "Take another one: anclora backup list"
        )
    return sum(each.rows for each in found.values())


async def _file(house: House, manifest: Manifest, step: Step, into: str | None) -> Restored:
    """A configuration is read by a person: it goes into a new file."""
    if into is None:
        raise InvalidError("A configuration goes into a new file: --into FILE.", code="nowhere_to_restore")
    path = Path(into)
    async with fetched(house, manifest, step) as reads:
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                write_all(reads(), out)
        except FileExistsError as error:
            raise RefusedError(f"{path} is there already. Name another file.") from error
        except OSError as error:
            raise InvalidError(f"{path} cannot be written: {error.strerror or error}.", code="not_written") from error
    rows = sum(each.rows for each in manifest.prints.values())
    return Restored(name=manifest.name, into=str(path), kept="", rows=rows, pending=None, paused=False)
