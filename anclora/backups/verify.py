"""A backup is good when it was restored: into servers of a moment, and compared with what it was made of."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from anclora import tallies
from anclora.backups import configuration
from anclora.backups.errors import DamagedError
from anclora.backups.fetch import Reads, fetched
from anclora.backups.house import House
from anclora.backups.model import Kind, Manifest, Print, Step, Tier, no_step
from anclora.backups.postgres import load, prints_of
from anclora.backups.rules import differences
from anclora.backups.scratch import (
    SNAPSHOT,
    loaded_redis,
    prints_of_redis,
    scratch_folder,
    scratch_servers,
    write_all,
)
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import Urls
from anclora.storage.migrate import migrate, revisions

Smoke = Callable[[Urls], Awaitable[str]]
"""Tries the restored servers out; what is wrong, empty = nothing."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore into servers of a moment gave.

    Attributes:
        tables: how many were compared; `rows` in all.
        figures: differences between the figures and the rows of a restored ledger; None = not asked.
        wrong: sentences; empty = it is good.
        smoke: whether a message went through it; None = not tried.
        seconds: how long it took, from the first byte.
    """

    name: str
    tables: int
    rows: int
    figures: int | None
    wrong: Sequence[str]
    smoke: bool | None
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it came back as it was."""
        return not self.wrong


async def verify(house: House, manifest: Manifest, step: Step = no_step, *, smoke: Smoke | None = None) -> Verified:
    """Restore a backup where nothing can be harmed, and compare.

    Args:
        house: where it lies.
        manifest: which.
        step: told of progress.
        smoke: sends a message through a restored ledger; used for that kind only.

    Raises:
        DamagedError, ForeignError, WrongKeyError: as `fetched`.
        FailedError: it does not load.
        SetupError: this machine lacks a server, a program or room.
        TargetError: the target does not answer.
    """
    if manifest.tier is Tier.BASE:
        raise InvalidError(
            "A base is proved together with its log: anclora backup restore postgres --to-time INSTANT --into FOLDER",
            code="base_without_instant",
        )
    began = house.clock.boot_seconds()
    figures: int | None = None
    tried: str | None = None
    async with fetched(house, manifest, step) as reads:
        if manifest.kind is Kind.CONFIG:
            found = _config(reads, manifest)
        elif manifest.kind is Kind.REDIS:
            found = await asyncio.to_thread(_redis, house, reads, step, manifest)
        else:
            wants = smoke if manifest.kind is Kind.POSTGRES else None
            room = manifest.unpacked_bytes
            async with scratch_servers(house.spool, unpacked_bytes=room, redis=wants is not None) as servers:
                await load(servers.database_url, reads(), step, manifest.plain_bytes)
                step("count rows", 0, None)
                found = await prints_of(servers.database_url)
                if manifest.kind is Kind.POSTGRES and manifest.revision in revisions():
                    figures = await _figures(servers.database_url)
                    tried = None if wants is None else await wants(Urls(servers.database_url, servers.redis_url))
    wrong = list(differences(manifest.prints, found)) if manifest.prints else []
    if figures:
        wrong.append(f"{figures} figures are not what the rows say")
    if tried:
        wrong.append(tried)
    return Verified(
        name=manifest.name,
        tables=len(found),
        rows=sum(each.rows for each in found.values()),
        figures=figures,
        wrong=wrong,
        smoke=None if tried is None else not tried,
        seconds=round(house.clock.boot_seconds() - began, 3),
    )


def _config(reads: Reads, manifest: Manifest) -> dict[str, Print]:
    try:
        return configuration.prints_of(b"".join(reads()))
    except ValueError as error:
        raise DamagedError(f"{manifest.name} holds no configuration: {error}") from error


def _redis(house: House, reads: Reads, step: Step, manifest: Manifest) -> dict[str, Print]:
    with scratch_folder(house.spool) as folder:
        with (folder / SNAPSHOT).open("xb") as out:
            write_all(reads(), out)
        step("load", manifest.plain_bytes, manifest.plain_bytes)
        with loaded_redis(folder) as server:
            return prints_of_redis(server.url)


async def _figures(url: str) -> int:
    """The figures of a restored ledger against its rows; its tables are first brought to what this program knows."""
    await asyncio.to_thread(migrate, url)
    db = Database(await open_pool(url))
    try:
        return (await tallies.verify(db)).differences
    finally:
        await db.close()
