"""The nouns of logs. Pure."""

from datetime import date
from pathlib import Path

import msgspec


class LocalLog(msgspec.Struct, frozen=True, kw_only=True):
    """A file of one day on this machine; the day stands in its name."""

    path: Path
    day: date


class StoredLog(msgspec.Struct, frozen=True, kw_only=True):
    """An object in the bucket. `day` is what its key begins with; None = its key names none."""

    key: str
    day: date | None
    size_bytes: int
