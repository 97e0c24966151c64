"""What the commands of `anclora backup` do, without their words."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console

from anclora import backups
from anclora.backups import Found, House, Kind, Manifest, Recovered, Restored, Tier, Verified, reach
from anclora.backups.find import look
from anclora.backups.ledger import keep_failed, keep_good, keep_verified
from anclora.cli.actor import actor
from anclora.cli.backup_bar import bar
from anclora.cli.backup_trial import send_one
from anclora.cli.client import read_env
from anclora.kit.clock import SystemClock
from anclora.kit.errors import AncloraError, InvalidError, NotFoundError, UnavailableError
from anclora.kit.logging import configure_logging
from anclora.kit.settings import Settings, load_settings
from anclora.storage.database import Database, open_pool
from anclora.storage.embedded import Urls, start_embedded


def found_settings(data_dir: Path, *, running: bool = True) -> Settings:
    """The settings; with `running` also the private servers of `anclora up`, where none are named."""
    settings = load_settings(data_dir=data_dir)
    stored = read_env(data_dir) if running else {}
    urls = {
        "database_url": settings.database_url or stored.get("DATABASE_URL"),
        "redis_url": settings.redis_url or stored.get("REDIS_URL"),
    }
    return settings.model_copy(update=urls)


@contextlib.contextmanager
def house_of(settings: Settings) -> Generator[House, None, None]:
    """The house of these settings, closed with the block; what goes wrong is said in sentences, not in the log."""
    configure_logging("ERROR")
    house = backups.open_house(settings, SystemClock(), actor())
    try:
        yield house
    finally:
        house.close()


@contextlib.contextmanager
def open_servers(house: House, manifest: Manifest, into: str | None) -> Generator[House, None, None]:
    """The house with its private servers running, where a backup goes into them."""
    settings = house.settings
    postgres = manifest.kind is Kind.POSTGRES and settings.database_url is None
    redis = manifest.kind is Kind.REDIS and settings.redis_url is None
    if into is not None or not (postgres or redis):
        yield house
        return
    with start_embedded(settings.data_dir, postgres=postgres, redis=redis) as servers:
        urls = {"database_url": servers.database_url or None, "redis_url": servers.redis_url or None}
        yield dataclasses.replace(house, settings=settings.model_copy(update=urls))


async def make_all(
    house: House, kinds: Sequence[Kind], tier: Tier, *, quiet: bool
) -> tuple[list[Manifest], dict[str, str]]:
    """Make one of each; those that are whole, and the sentences of those that failed.

    Raises:
        SetupError: there is no key to make any with.
    """
    house.keyring()
    made: list[Manifest] = []
    failed: dict[str, str] = {}
    for kind in kinds:
        try:
            with bar(kind.value, quiet=quiet) as step:
                manifest = await backups.make(house, kind, tier, step)
        except AncloraError as error:
            failed[kind.value] = error.detail
            await _remember(house, kind, tier, None, f"{error.code}: {error.detail}")
            continue
        made.append(manifest)
        await _remember(house, kind, tier, manifest, "")
    return made, failed


async def list_all(house: House) -> tuple[Sequence[Found], tuple[datetime, datetime] | None]:
    """Every backup, and the instants that can be brought back since the oldest base whose log is whole until today."""
    lies = await look(house)
    moments = [(base.made_at, ends) for base in lies.bases if (ends := reach(base, lies.segments)) is not None]
    last = max((ends for _, ends in moments), default=None)
    return lies.backups, min((pair for pair in moments if pair[1] == last), default=None)


async def prove_all(house: House, which: str | None, *, smoke: bool, quiet: bool) -> list[Verified]:
    """Verify a backup, or the newest whole one of each kind there is."""
    if which is not None:
        manifests = [await backups.find(house, which)]
    else:
        found = [each.manifest for each in await backups.find_all(house) if each.manifest and not each.problem]
        good = [each for each in found if each.tier is not Tier.BASE]
        newest = {each.kind: each for each in sorted(good, key=lambda each: each.made_at)}
        manifests = [newest[kind] for kind in Kind if kind in newest]
        if not manifests:
            raise NotFoundError("There is no whole backup yet. Make one: anclora backup run", code="backup_not_found")

    async def trial(servers: Urls) -> str:
        return await send_one(servers, house.settings)

    proved: list[Verified] = []
    for manifest in manifests:
        with bar(manifest.kind.value, quiet=quiet) as step:
            one = await backups.verify(house, manifest, step, smoke=trial if smoke else None)
        proved.append(one)
        if one.good:
            await _proved(house, one.name)
    return proved


def bring_back(
    house: House, manifest: Manifest, into: str | None, confirmed: str | None, *, send: bool, quiet: bool
) -> Restored:
    """Restore a backup. Blocks."""
    with bar(manifest.kind.value, quiet=quiet) as step:
        return asyncio.run(backups.restore(house, manifest, step, into=into, confirmed=confirmed, send=send))


def recover(house: House, words: str, into: str | None, *, send: bool, quiet: bool) -> Recovered:
    """Bring the ledger of an instant back. Blocks.

    Raises:
        InvalidError: the words name no instant, or no folder was named.
    """
    if into is None or "://" in into:
        raise InvalidError("An instant goes into a new data directory: --into FOLDER.", code="nowhere_to_restore")
    with bar("postgres", quiet=quiet) as step:
        return asyncio.run(backups.recover(house, instant_of(words), Path(into), step, send=send))


def instant_of(words: str) -> datetime | None:
    """An instant as a person types it; None = `latest`.

    Raises:
        InvalidError: it is none, or does not say its zone.
    """
    if words == "latest":
        return None
    try:
        instant = datetime.fromisoformat(words)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidError(
            f"{words[:60]!a} is no instant. Say it in UTC, like 2026-01-31T09:30:00Z, or `latest`.",
            code="invalid_instant",
        )
    return instant.astimezone(UTC)


async def _remember(house: House, kind: Kind, tier: Tier, manifest: Manifest | None, failed: str) -> None:
    async def write(db: Database) -> None:
        if manifest is None:
            await keep_failed(db, house, kind, tier, failed)
        else:
            await keep_good(db, house, manifest)

    await _in_ledger(house, write)


async def _proved(house: House, name: str) -> None:
    await _in_ledger(house, lambda db: keep_verified(db, name))


async def _in_ledger(house: House, write: Callable[[Database], Awaitable[None]]) -> None:
    """Write it down where there is a ledger; a backup is as good without, and the alerts do not know of it."""
    url = house.settings.database_url
    if url is None:
        return
    try:
        db = Database(await open_pool(url))
        try:
            await write(db)
        finally:
            await db.close()
    except (UnavailableError, psycopg.Error) as error:
        words = " ".join(str(error).split())[:200]
        Console(stderr=True).print(f"It could not be noted in the ledger: {words}", markup=False, style="yellow")
