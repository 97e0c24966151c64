"""Media as the server checks them (contract 3.5) and shows them (recordings baileys_send/018 and 023)."""

import re
from email import message_from_bytes
from hashlib import sha256
from ipaddress import ip_address
from mimetypes import guess_type
from typing import Any
from urllib.parse import urlsplit

from anclora.providers.sandbox.bodies import context_info, long

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_MIMETYPES = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/ogg; codecs=opus"}
_THUMBNAIL = {str(position): byte for position, byte in enumerate(b"\xff\xd8\xff\xe0\x00\x10JFIF")}

FILE = "file"


class UnexpectedFieldError(ValueError):
    """A multipart body carries a file under another name than `file`."""


def is_url(value: str) -> bool:
    """Whether the server's validator takes it for an address: dotted host or IP literal, no localhost."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in {"http", "https", "ftp"} or not host:
        return False
    try:
        ip_address(host)
    except ValueError:
        return "." in host.strip(".")
    return True


def is_base64(value: str) -> bool:
    """Whether the server's validator takes it for base64; a `data:` prefix is refused."""
    return len(value) % 4 == 0 and _BASE64.fullmatch(value) is not None


def media_problem(body: dict[str, Any]) -> str | None:
    """The business text that refuses a sendMedia body."""
    media = body.get("media") or ""
    if is_base64(media) and not body.get("fileName") and body["mediatype"] == "document":
        return "For base64 the file name must be informed."
    if FILE in body or is_url(media) or is_base64(media):
        return None
    return "Owned media must be a url or base64"


def audio_problem(body: dict[str, Any]) -> str | None:
    """The business text that refuses a sendWhatsAppAudio body."""
    audio = body.get("audio") or ""
    if FILE in body or is_url(audio) or is_base64(audio):
        return None
    return "Owned media must be a url, base64, or valid file with buffer"


def file_name(body: dict[str, Any]) -> str | None:
    """The name a document or picture is shown with."""
    if body.get("fileName"):
        return body["fileName"]
    media = body.get("media") or ""
    if not is_url(media):
        return None
    parts = urlsplit(media)
    return parts.path.rsplit("/", 1)[-1] or parts.hostname


def media_message(kind: str, body: dict[str, Any], now_seconds: int) -> dict[str, Any]:
    """The `<kind>Message` of a Baileys answer; bytes are index objects there."""
    source = body.get("media") or body.get("audio") or ""
    name = file_name(body)
    named = guess_type(name)[0] if name else None
    mimetype = _MIMETYPES.get(kind) or named or body.get("mimetype") or "application/octet-stream"
    digest = {str(position): byte for position, byte in enumerate(sha256(source.encode()).digest())}
    message: dict[str, Any] = {
        "url": "https://mmg.whatsapp.net/v/t62.7118-24/sandbox?ccb=11-4",
        "mimetype": mimetype,
        "fileSha256": digest,
        "fileLength": long(len(source) * 3 // 4, unsigned=True),
        "mediaKey": digest,
        "fileEncSha256": digest,
        "directPath": "/v/t62.7118-24/sandbox",
        "mediaKeyTimestamp": long(now_seconds),
        "contextInfo": context_info(now_seconds, kind),
    }
    if kind in {"image", "video"}:
        message |= {"interactiveAnnotations": [], "annotations": []}
    if kind == "image":
        message |= {"scanLengths": [], "height": 1, "width": 1, "jpegThumbnail": _THUMBNAIL}
    if kind == "audio":
        message["ptt"] = True
    if kind == "document":
        message["fileName"] = name
    if body.get("caption"):
        message["caption"] = body["caption"]
    return message


def form_body(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a multipart body; the file itself becomes its name under `file`.

    Raises:
        UnexpectedFieldError: the file has another field name.
    """
    form = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, Any] = {}
    for part in form.walk():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue
        if part.get_filename() is None:
            content = part.get_payload(decode=True)
            fields[name] = content.decode() if isinstance(content, bytes) else ""
        elif name == FILE:
            fields[FILE] = part.get_filename()
        else:
            raise UnexpectedFieldError(name)
    return fields
