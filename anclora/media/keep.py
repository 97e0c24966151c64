"""Taking a file in: streamed, judged by its first bytes, then named by its hash in the same moment as its row."""

from collections.abc import AsyncIterator

from anclora.kit.errors import InvalidError
from anclora.media.model import StoredFile, Uploaded
from anclora.media.read import QUERIES
from anclora.media.rules import content_type_of, mimetype_of
from anclora.media.store import FileStore
from anclora.storage.database import Database, fetch_one

_NAME_CHARS = 255
# What a phone would run rather than show.
_REFUSED_HEADS = (b"MZ", b"\x7fELF")


async def keep(
    db: Database,
    files: FileStore,
    pieces: AsyncIterator[bytes],
    *,
    said: str | None,
    filename: str | None,
    limit_bytes: int,
    days: int,
) -> Uploaded:
    """Keep a file.

    Args:
        db: the ledger.
        files: where bytes lie.
        pieces: its bytes as they come.
        said: the type its sender calls it.
        filename: shown to whoever gets it as a document.
        limit_bytes: of the whole file.
        days: kept after the last use.

    Raises:
        InvalidError: it is empty, too large, a program, or its name holds what none may.
        UnavailableError: the store or the database does not take it; nothing is left behind.
    """
    if filename is not None:
        filename = _checked_name(filename)
    draft = await files.write(pieces, limit_bytes=limit_bytes, admit=_admit)
    mimetype = mimetype_of(draft.head, said)
    try:
        async with db.transaction() as conn:
            # The row first: its lock keeps housekeeping from removing the file between the two.
            row = await fetch_one(
                conn,
                QUERIES["keep_file"],
                hash=draft.hash,
                bytes=draft.size,
                mimetype=mimetype,
                filename=filename,
                days=days,
            )
            await files.place(draft)
    except BaseException:
        await files.drop(draft)
        raise
    if row is None:
        raise AssertionError
    stored = StoredFile(**row)
    return Uploaded(
        hash=stored.hash,
        type=content_type_of(stored.mimetype),
        bytes=stored.bytes,
        mimetype=stored.mimetype,
        filename=stored.filename,
        kept_until=stored.kept_until,
    )


def _admit(head: bytes) -> None:
    if head.startswith(_REFUSED_HEADS):
        raise InvalidError("This file is a program; WhatsApp takes none.", code="invalid_media")


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > _NAME_CHARS or not name.isprintable() or "/" in name or "\\" in name:
        raise InvalidError(
            f"filename must be 1 to {_NAME_CHARS} printable characters without slashes.", code="invalid_media"
        )
    return name
