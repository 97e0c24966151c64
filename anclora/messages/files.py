"""The file of a draft: by address, inside it, or uploaded before. Pure: size and type, by its first bytes."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import urlsplit

from anclora.kit.errors import InvalidError, NotFoundError
from anclora.media import StoredFile, mimetype_of
from anclora.messages.words import clean
from anclora.providers.contract import Capabilities, Media

_URL_CHARS = 2_000


def checked_media(
    media: Media | None, kind: str, field: str, limits: Capabilities, files: Mapping[str, StoredFile]
) -> Media:
    """A file within a provider's limits.

    Args:
        media: as the draft has it.
        kind: of message, or of the file in a status.
        field: where it stands, for the sentence.
        limits: of the provider.
        files: uploaded files by hash.

    Raises:
        InvalidError: it is none, or too large, or of a type nobody shows.
        NotFoundError: no such upload is here (`media_gone`).
    """
    given = [name for name in ("url", "base64", "stored") if media is not None and getattr(media, name) is not None]
    if media is None or len(given) != 1:
        raise InvalidError(
            f"A message of type {kind} needs {field} with one of url, base64 or stored.", code="invalid_media"
        )
    for name in ("mimetype", "filename"):
        clean(f"{field}.{name}", getattr(media, name), 255)
    if media.mimetype:
        _check_type(media.mimetype, kind, f"{field}.mimetype is", limits)
    if media.stored is not None:
        return _stored(media, kind, field, limits, files)
    if media.base64 is not None:
        return _inline(media, media.base64, kind, field, limits)
    check_url(f"{field}.url", media.url or "")
    return media


def check_url(name: str, url: str) -> str:
    """An address the provider can fetch. Raises `InvalidError`."""
    clean(name, url, _URL_CHARS)
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and "." in (parts.hostname or "")
    except ValueError:
        fit = False
    if not fit or any(char.isspace() for char in url):
        raise InvalidError(
            f"{name} must be an http(s) address with a full host name the provider can reach.", code="invalid_media"
        )
    return url


def _check_type(mimetype: str, kind: str, words: str, limits: Capabilities) -> None:
    allowed = limits.mimetypes.get(kind, ())
    if allowed and mimetype.partition(";")[0].strip() not in allowed:
        raise InvalidError(
            f"{words} {mimetype!r}, which is not accepted for {kind}; use one of {', '.join(allowed)}.",
            code="invalid_media",
        )


def _check_size(size: int, kind: str, limits: Capabilities) -> None:
    most = limits.media_bytes.get(kind, 0)
    if not 0 < size <= most:
        raise InvalidError(f"The {kind} has {size} bytes; 1 to {most} are allowed.", code="invalid_media")


def _inline(media: Media, inline: str, kind: str, field: str, limits: Capabilities) -> Media:
    if kind == "document" and not media.filename:
        raise InvalidError(f"A document sent as base64 needs {field}.filename.", code="invalid_media")
    try:
        data = base64.b64decode(inline, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(
            f"{field}.base64 is not base64; leave out any data: prefix.", code="invalid_media"
        ) from error
    _check_size(len(data), kind, limits)
    if kind != "document":
        _check_type(mimetype_of(data[:64], media.mimetype), kind, f"{field}.base64 is by its first bytes", limits)
    return media


def _stored(media: Media, kind: str, field: str, limits: Capabilities, files: Mapping[str, StoredFile]) -> Media:
    file = files.get(media.stored or "")
    if file is None:
        clean(f"{field}.stored", media.stored, 64)
        raise NotFoundError(
            f"{field}.stored names no file that is here. Upload it: POST /api/v1/media.", code="media_gone"
        )
    _check_size(file.bytes, kind, limits)
    _check_type(file.mimetype, kind, f"{field}.stored is by its first bytes", limits)
    return Media(stored=file.hash, mimetype=file.mimetype, filename=media.filename or file.filename)
