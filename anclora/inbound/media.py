"""The files people send: fetched from the provider when somebody asks for one, then kept by hash like an upload.

Nothing is fetched unasked: most files are never looked at, and each is a request at a number that must not be busy. A
provider keeps them for days only, so whoever needs them for longer asks once in that time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from anclora.inbound.hear import QUERIES
from anclora.inbound.metrics import FETCHED
from anclora.kit.clock import Clock
from anclora.kit.errors import AncloraError, InvalidError, NotFoundError, UnavailableError
from anclora.kit.logging import get_logger
from anclora.kit.settings import Settings
from anclora.media import FileStore, StoredFile, keep, reserve
from anclora.providers.contract import FetchedMedia, FetchesMedia, SaidMedia
from anclora.providers.registry import Providers
from anclora.storage.database import Database

log = get_logger(__name__)
_AT_ONCE = 3  # each may be 100 MB, and is in memory
_TURN_SECONDS = 30.0
_PIECE_BYTES = 1_000_000
_NAME_CHARS = 255


class HeardFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file somebody sent: what it is by its first bytes, and its bytes."""

    hash: str
    mimetype: str
    file_name: str | None
    data: bytes


class HeardMedia:
    """Hands out what people sent, a few at once."""

    def __init__(self, db: Database, providers: Providers, files: FileStore, settings: Settings, clock: Clock) -> None:
        self._db = db
        self._providers = providers
        self._files = files
        self._settings = settings
        self._clock = clock
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, heard_id: UUID) -> HeardFile:
        """The file of one thing somebody said.

        Raises:
            NotFoundError: nothing was heard by this id, it has no file, or the provider has it no more
                (`media_expired`).
            InvalidError: it is larger than `media_limit_bytes`, a program, or the provider hands out none.
            UnavailableError: the provider, the store or the ledger is away, or too many are asked for at once.
        """
        row = await self._db.fetch_one(QUERIES["read_heard_media"], id=heard_id)
        if row is None:
            raise NotFoundError(f"Nothing with the id {heard_id} was heard.", code="heard_not_found")
        if row["said"] is None or row["said"].get("type") != "media":
            raise NotFoundError(f"What was heard as {heard_id} is no file.", code="no_media")
        said = msgspec.convert(row["said"], SaidMedia)
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise UnavailableError("Too many files are fetched at once.", code="media_busy") from error
        try:
            return await self._kept(row, said) or await self._fetched(heard_id, row, said)
        finally:
            self._turns.release()

    async def _kept(self, row: Mapping[str, Any], said: SaidMedia) -> HeardFile | None:
        if row["media_hash"] is None:
            return None
        days, until = self._settings.media_days, self._clock.now()
        found = (await reserve(self._db, [row["media_hash"]], days=days, until=until)).get(row["media_hash"])
        if found is None:
            return None
        try:
            data = await self._files.read(found.hash)
        except AncloraError as error:
            if not isinstance(error, NotFoundError) and error.code != "media_broken":
                raise
            log.warning("heard_media_lost", hash=found.hash, error=error.detail)
            return None
        FETCHED.labels("kept").inc()
        return _file(found.hash, found.mimetype, said.file_name or found.filename, data)

    async def _fetched(self, heard_id: UUID, row: Mapping[str, Any], said: SaidMedia) -> HeardFile:
        if said.ref is None or row["provider"] is None:
            raise NotFoundError("The provider gave no way to fetch this file.", code="media_expired")
        provider = self._providers[row["provider"]]
        if not isinstance(provider, FetchesMedia):
            raise InvalidError(f"{row['provider']} does not hand out the files people send.", code="not_supported")
        limit = self._settings.media_limit_bytes
        try:
            got = await provider.fetch_media(row["instance"], said.ref, limit_bytes=limit)
        except AncloraError as error:
            FETCHED.labels(error.code).inc()
            raise
        stored = await self._keep(got, said)
        await self._db.execute(QUERIES["keep_heard_media"], id=heard_id, hash=stored.hash)
        FETCHED.labels("fetched").inc()
        return _file(stored.hash, stored.mimetype, said.file_name or got.file_name, got.data)

    async def _keep(self, got: FetchedMedia, said: SaidMedia) -> StoredFile:
        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(got.data), _PIECE_BYTES):
                yield got.data[start : start + _PIECE_BYTES]

        kept = await keep(
            self._db,
            self._files,
            pieces(),
            said=got.mimetype or said.mimetype,
            filename=_name(said.file_name or got.file_name),
            limit_bytes=self._settings.media_limit_bytes,
            days=self._settings.media_days,
        )
        return StoredFile(
            hash=kept.hash,
            bytes=kept.bytes,
            mimetype=kept.mimetype,
            filename=kept.filename,
            kept_until=kept.kept_until,
        )


def _file(file_hash: str, mimetype: str, name: str | None, data: bytes) -> HeardFile:
    return HeardFile(hash=file_hash, mimetype=mimetype, file_name=_name(name), data=data)


def _name(name: str | None) -> str | None:
    """A file's name as somebody else wrote it, without what none may hold."""
    plain = "".join(char for char in name or "" if char.isprintable() and char not in '/\\"').strip()[:_NAME_CHARS]
    return plain or None
