"""What a file is, by its first bytes. Pure. What a sender says a file is proves nothing."""

import re
from collections.abc import Sequence

HEAD_BYTES = 64

_ANY = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")  # RFC 6838, 4.2
# Offset, bytes, type; the first that fits decides. Sources: the formats' own specifications.
_MAGIC: Sequence[tuple[int, bytes, str]] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
    (8, b"WAVE", "audio/wav"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\x1aE\xdf\xa3", "audio/webm"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
# Containers: what is inside a zip or an OLE file only its sender knows, and text has no first bytes of its own.
_CONTAINERS = frozenset(("application/zip", "application/x-ole-storage", "audio/webm", _ANY))


def mimetype_of(head: bytes, said: str | None = None) -> str:
    """The type of a file.

    Args:
        head: its first bytes, `HEAD_BYTES` of them are enough.
        said: what its sender calls it: believed only where the bytes leave it open, and never to be a picture, a sound
            or a video that it is not.
    """
    found = next((kind for at, magic, kind in _MAGIC if head[at : at + len(magic)] == magic), None)
    found = found or _frame(head) or _ANY
    claimed = (said or "").partition(";")[0].strip().lower()
    if _TYPE.fullmatch(claimed) is None:  # strangers write it, and it goes into headers and rows
        claimed = ""
    if found == "audio/webm" and claimed == "video/webm":
        return claimed
    if found in _CONTAINERS and claimed and not claimed.startswith(("image/", "audio/", "video/")):
        return claimed
    return found


def _frame(head: bytes) -> str | None:
    """Sound without a header begins with a frame: eleven or twelve set bits, then version and layer."""
    if len(head) < 2 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:  # ADTS: layer is always 0
        return "audio/aac"
    return "audio/mpeg" if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 else None


def content_type_of(mimetype: str) -> str:
    """The type of message a file is usually sent as."""
    kind = mimetype.partition("/")[0]
    shown = {"image/jpeg", "image/png", "image/webp", "video/mp4", "video/3gpp"}
    return kind if kind == "audio" or mimetype in shown else "document"
