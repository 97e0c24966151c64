"""Reading foreign JSON a part at a time: lists of raw parts, and what they have in common."""

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from anclora.providers.cloud.errors import UNREADABLE

EMPTY = msgspec.Raw(b"")
"""Stands for a member that is not there; a null counts as not there too."""

T = TypeVar("T")
_parts = msgspec.json.Decoder(list[msgspec.Raw])


class Metadata(msgspec.Struct):
    """Which of our numbers a change is about."""

    phone_number_id: str | None = None
    display_phone_number: str | None = None


def list_in(raw: msgspec.Raw) -> list[msgspec.Raw] | None:
    """The parts of a list, none where there is no list; None = something else stands there."""
    if len(bytes(raw)) == 0 or bytes(raw) == b"null":
        return []
    try:
        return _parts.decode(raw)
    except UNREADABLE:
        return None


def read(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw) -> T | None:
    """A part as its type, or None when it has another shape."""
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        return None


def moment_of(stamp: str | float | None) -> datetime | None:
    """A time in seconds, as text or number; None when it is none."""
    try:
        return datetime.fromtimestamp(float(stamp or 0), UTC) if float(stamp or 0) > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
