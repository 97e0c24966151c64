"""The nouns of files. Pure."""

from datetime import datetime
from typing import Annotated

import msgspec

from anclora.kit.said import SAID


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is here.

    Attributes:
        hash: SHA-256 of its bytes, hex: its name in `media.stored` of a message.
        bytes: its size.
        mimetype: by its first bytes; what the caller said only where those say nothing.
        filename: as it was last uploaded.
        kept_until: it may be removed after this moment.
    """

    hash: str
    bytes: int
    mimetype: str
    filename: Annotated[str | None, SAID]
    kept_until: datetime


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """An answered upload: put `hash` into `media.stored` of a message of this `type`."""

    hash: str
    type: str
    bytes: int
    mimetype: str
    filename: str | None
    kept_until: datetime
