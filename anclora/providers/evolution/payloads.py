"""What we ask of Evolution API, as path and body. Optional members we have nothing for are left out.

Bodies follow the JSON schemas of 2.3.7; unknown members are always accepted there, missing ones never guessed.
"""

import mimetypes
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from anclora.kit.errors import InvalidError
from anclora.providers.contract import Audio, Content, Document, Image, Text, Video

# The events this version reads, and no other: MESSAGES_EDITED above all blocks every later event of an instance while
# its delivery is being retried (2.3.7).
EVENTS = ("SEND_MESSAGE", "MESSAGES_UPSERT", "MESSAGES_UPDATE", "CONNECTION_UPDATE")

_encode = msgspec.json.Encoder().encode


class _TextBody(msgspec.Struct, frozen=True):
    number: str
    text: str


class _MediaBody(msgspec.Struct, frozen=True, omit_defaults=True):
    number: str
    mediatype: str
    media: str
    mimetype: str | None = None
    fileName: str | None = None  # noqa: N815 - the wire's name
    caption: str | None = None


class _AudioBody(msgspec.Struct, frozen=True):
    number: str
    audio: str


@lru_cache(maxsize=4_096)
def path(operation: str, instance: str) -> str:
    """The path of an operation on an instance, percent-encoded: names may hold spaces, slashes and accents."""
    return f"/{operation}/{quote(instance, safe='')}"


def send_request(instance: str, recipient: str, content: Content) -> tuple[str, bytes]:
    """Path and body that send one message.

    Args:
        instance: its name; Evolution's names are case-sensitive.
        recipient: digits with country code, or a jid (groups).
        content: what to send.
    """
    number = recipient.removeprefix("+")
    if isinstance(content, Text):
        return path("message/sendText", instance), _encode(_TextBody(number, content.text))
    if not isinstance(content, Audio | Document | Image | Video):
        raise InvalidError(f"Evolution API is not asked to send a {type(content).__name__.lower()}.")
    media = content.media
    source = media.url or media.base64 or ""
    if isinstance(content, Audio):
        return path("message/sendWhatsAppAudio", instance), _encode(_AudioBody(number, source))
    body = _MediaBody(number, _mediatype(content), source, media.mimetype, _file_name(content), content.caption)
    return path("message/sendMedia", instance), _encode(body)


def _mediatype(content: Image | Document | Video) -> str:
    return type(content).__name__.lower()


def _file_name(content: Image | Document | Video) -> str | None:
    media = content.media
    if media.filename or media.url or not isinstance(content, Document):
        return media.filename
    # "For base64 the file name must be informed."
    return "document" + (mimetypes.guess_extension(media.mimetype or "") or "")


def find_request(
    instance: str,
    *,
    jid: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    page: int = 1,
    size: int = 100,
) -> tuple[str, bytes]:
    """Path and body that look up own messages, newest first.

    Args:
        instance: its name.
        jid: where they went, compared to both address fields of a row (2.3.7 joins the two with OR, so that a
            message stored under a lid is found by its phone jid); None = anywhere.
        since: not older, whole seconds.
        until: not newer, rounded up to whole seconds.
        page: counted from 1.
        size: rows of one page; the wire calls it `offset`.
    """
    key: dict[str, Any] = {"fromMe": True}
    if jid is not None:
        key |= {"remoteJid": jid, "remoteJidAlt": jid}
    where: dict[str, Any] = {"key": key}
    window: dict[str, str] = {}
    if since is not None:
        window["gte"] = _second(since)
    if until is not None:
        window["lte"] = _second(until + timedelta(microseconds=999_999))
    if window:
        where["messageTimestamp"] = window
    return path("chat/findMessages", instance), _encode({"where": where, "page": page, "offset": size})


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def status_request(instance: str, provider_id: str) -> tuple[str, bytes]:
    """Path and body that look up the stored acknowledgements of one message."""
    body = {"where": {"id": provider_id}, "page": 1, "offset": 50}
    return path("chat/findStatusMessage", instance), msgspec.json.encode(body)


def webhook_request(
    instance: str, *, url: str, headers: Mapping[str, str], events: Sequence[str] = EVENTS
) -> tuple[str, bytes]:
    """Path and body that set the webhook. All six members, always: what is left out keeps its old value."""
    webhook = {
        "enabled": True,
        "url": url,
        "headers": headers,
        "byEvents": False,
        "base64": False,
        "events": events,
    }
    return path("webhook/set", instance), _encode({"webhook": webhook})
