"""Files people sent, by the id of their message: `getBase64FromMediaMessage` (contract 4).

The server has the message stored (`DATABASE_SAVE_DATA_NEW_MESSAGE`) and fetches the file from WhatsApp anew, trying a
second time after 5 s; WhatsApp keeps a file for about two weeks, and then the phone has to send it again.
"""

import base64
import binascii
from typing import Any

import msgspec

from anclora.kit.errors import AncloraError, InvalidError, NotFoundError, UnavailableError
from anclora.kit.wire import Answer
from anclora.providers.contract import FetchedMedia
from anclora.providers.evolution.errors import message_of
from anclora.providers.evolution.payloads import path
from anclora.providers.evolution.shapes import UNREADABLE

_SECONDS = 90.0
_BESIDE_BYTES = 100_000
_encode = msgspec.json.Encoder().encode
_GONE = ("Message not found", "The message is not of the media type")
_UNREACHED = "TypeError: fetch failed"  # recorded: WhatsApp's server gives the file no more, or cannot be reached


class _File(msgspec.Struct):
    base64: str | None = None
    mimetype: str | None = None
    fileName: str | None = None  # noqa: N815 - the wire's name


_file = msgspec.json.Decoder(_File)


def request(instance: str, ref: str) -> tuple[str, bytes]:
    """Path and body that ask for a file."""
    return path("chat/getBase64FromMediaMessage", instance), _encode(
        {"message": {"key": {"id": ref}}, "convertToMp4": False}
    )


def bounds(limit_bytes: int) -> dict[str, Any]:
    """How large the answer may be, and how long it may take: four letters for three bytes, and some words beside."""
    return {"limit_bytes": limit_bytes // 3 * 4 + _BESIDE_BYTES, "timeout_seconds": _SECONDS}


def failure_in(answer: Answer) -> AncloraError | None:
    """What only this call answers; None = another error, or none."""
    if answer.status != 400:
        return None
    _, texts = message_of(answer)
    if any(text.startswith(_GONE) for text in texts):
        return NotFoundError(
            "Evolution API does not have this file: its message is not stored there (any more).", code="media_expired"
        )
    if any(text.startswith(_UNREACHED) for text in texts):
        return UnavailableError(
            "Evolution API could not get this file from WhatsApp. WhatsApp keeps files for about two weeks.",
            code="media_not_reached",
            retry_after_seconds=60,
        )
    return None


def file_in(answer: Answer, limit_bytes: int, shown: str) -> FetchedMedia:
    """The file of an answer; 2.3.7 answers null for a message that has none.

    Raises:
        NotFoundError: there is none (`media_expired`).
        InvalidError: it is larger than the limit (`media_too_large`).
        UnavailableError: it is no file (`media_broken`).
    """
    try:
        found = _file.decode(answer.body) if answer.body.strip() not in (b"", b"null") else _File()
        data = base64.b64decode(found.base64 or "", validate=True)
    except (*UNREADABLE, binascii.Error) as error:
        raise UnavailableError(f"{shown} sent what is no file.", code="media_broken") from error
    if not data:
        raise NotFoundError("Evolution API has no file for this message.", code="media_expired")
    if len(data) > limit_bytes:
        raise InvalidError(f"The file has {len(data)} bytes; {limit_bytes} are allowed.", code="media_too_large")
    return FetchedMedia(data=data, mimetype=found.mimetype, file_name=found.fileName)
