"""Finding files, and holding them for messages that will need them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from anclora.media.model import StoredFile
from anclora.storage.database import Database
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)


async def find(db: Database, file_hash: str) -> StoredFile | None:
    """One file, or None."""
    row = await db.fetch_one(QUERIES["find_file"], hash=file_hash)
    return StoredFile(**row) if row else None


async def reserve(db: Database, hashes: Sequence[str], *, days: int, until: datetime) -> Mapping[str, StoredFile]:
    """The files of these that are here, by hash; each stays for `days` after the moment its message may leave."""
    rows = await db.fetch_all(QUERIES["reserve_files"], hashes=sorted(set(hashes)), days=days, until=until)
    return {row["hash"]: StoredFile(**row) for row in rows}
