"""Files that lie here go into their message right before it leaves: a provider knows nothing of our disk."""

import base64
from asyncio import to_thread

from msgspec import structs

from anclora.media import FileStore
from anclora.providers.contract import (
    Audio,
    Content,
    Document,
    Image,
    Media,
    Status,
    Sticker,
    Template,
    Text,
    Video,
)


def stored_in(content: Content) -> Media | None:
    """The file of a content that lies here, if it has one."""
    if isinstance(content, Text):
        return None
    media: Media | str | None = None
    if isinstance(content, Image | Document | Video | Audio | Sticker | Status):
        media = content.media
    elif isinstance(content, Template):
        media = content.header
    return media if isinstance(media, Media) and media.stored is not None else None


async def attached(content: Content, media: Media, files: FileStore) -> Content:
    """The content with the bytes of its file in it.

    Args:
        content: of a message about to leave.
        media: its file (`stored_in`).
        files: where the bytes lie.

    Raises:
        NotFoundError: the file is gone (`media_gone`).
        UnavailableError: it cannot be read now.
    """
    data = await files.read(media.stored or "")
    inline = Media(
        base64=(await to_thread(base64.b64encode, data)).decode(), mimetype=media.mimetype, filename=media.filename
    )
    if isinstance(content, Template):
        return structs.replace(content, header=inline)
    return structs.replace(content, media=inline)
