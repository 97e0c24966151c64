"""Housekeeping: files past their time go, row and bytes together."""

import asyncio
from datetime import timedelta

from anclora.kit.clock import Clock
from anclora.kit.lifecycle import Loop
from anclora.kit.logging import get_logger
from anclora.media.read import QUERIES
from anclora.media.store import FileStore
from anclora.storage.database import Database

log = get_logger(__name__)
_AT_ONCE = 100
_UNNAMED_HOURS = 24


class MediaSweep(Loop):
    """Removes what nobody needs any more; safe in several processes at once."""

    name = "media"
    every_seconds = 600.0
    chore = "media-sweep"

    def __init__(self, db: Database, files: FileStore, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._files = files
        self._clock = clock

    async def run_once(self) -> bool:
        """One slice; True = there may be more."""
        async with self._db.transaction() as conn:
            cursor = await conn.execute(QUERIES["forget_files"], {"limit": _AT_ONCE})
            hashes = [str(row[0]) for row in await cursor.fetchall()]
            # Before the commit: whoever uploads the same file waits for it. So all are over before a failure ends this,
            # or a removal that goes on would take away what was uploaded after the rows were let go.
            removals = (self._files.remove(file_hash) for file_hash in hashes)
            for failure in await asyncio.gather(*removals, return_exceptions=True):
                if isinstance(failure, BaseException):
                    raise failure
        oldest = self._clock.now() - timedelta(hours=_UNNAMED_HOURS)
        left = await self._files.forget_unnamed(older_than_epoch_seconds=oldest.timestamp())
        if hashes or left:
            log.info("media_forgotten", files=len(hashes), unnamed=left)
        return len(hashes) == _AT_ONCE
