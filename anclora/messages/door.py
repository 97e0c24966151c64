"""What a draft must be to come in: every rule checked before anything is stored. Pure.

Poison is stopped here too: NUL and lone surrogates cannot be stored as text by Postgres, and make Evolution API answer
400 after the message went out (contract 1.3).
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from anclora.contacts.phones import phone_digits
from anclora.kit.errors import ForbiddenError, InvalidError
from anclora.kit.ids import MessageId, new_id
from anclora.messages.model import DEFAULT_PRIORITY, Draft, NewMessage, Priority, State
from anclora.messages.rules import due_moment
from anclora.providers.contract import (
    Audio,
    Capabilities,
    Content,
    Document,
    Image,
    Media,
    Text,
    Video,
    fingerprint,
)

_encoder = msgspec.json.Encoder()
_WITH_CAPTION: Mapping[str, type[Image] | type[Document] | type[Video]] = {
    "image": Image,
    "document": Document,
    "video": Video,
}
_REF_CHARS = 200
_TAGS = 20


def _clean(name: str, value: str | None, longest: int) -> str | None:
    if value is None:
        return None
    if "\x00" in value:
        raise InvalidError(f"{name} holds a NUL character; remove it.", code="invalid_text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidError(
            f"{name} holds half of a surrogate pair; send whole characters.", code="invalid_text"
        ) from error
    if len(value) > longest:
        raise InvalidError(
            f"{name} has {len(value)} characters; {longest} are allowed. Shorten it or send two messages.",
            code="too_long",
        )
    return value


def _checked_media(draft: Draft, limits: Capabilities) -> Media:
    media = draft.media
    if media is None or (media.url is None) == (media.base64 is None):
        raise InvalidError(
            f"A message of type {draft.type} needs media with either url or base64.", code="invalid_media"
        )
    for name, value in (("media.mimetype", media.mimetype), ("media.filename", media.filename)):
        _clean(name, value, 255)
    allowed = limits.mimetypes.get(draft.type, ())
    if media.mimetype and allowed and media.mimetype.split(";")[0].strip() not in allowed:
        raise InvalidError(
            f"media.mimetype {media.mimetype!r} is not accepted for {draft.type}; use one of {', '.join(allowed)}.",
            code="invalid_media",
        )
    if media.url is not None:
        _clean("media.url", media.url, 2_000)
        try:
            parts = urlsplit(media.url)
            fit = parts.scheme in ("http", "https") and "." in (parts.hostname or "")
        except ValueError:
            fit = False
        if not fit:
            raise InvalidError(
                "media.url must be an http(s) address with a full host name the provider can reach.",
                code="invalid_media",
            )
        return media
    return _checked_base64(draft, media, limits)


def _checked_base64(draft: Draft, media: Media, limits: Capabilities) -> Media:
    inline = media.base64 or ""
    if draft.type == "document" and not media.filename:
        raise InvalidError("A document sent as base64 needs media.filename.", code="invalid_media")
    try:
        size = len(base64.b64decode(inline, validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidError("media.base64 is not base64; leave out any data: prefix.", code="invalid_media") from error
    most = limits.media_bytes.get(draft.type, 0)
    if not 0 < size <= most:
        raise InvalidError(f"The {draft.type} has {size} bytes; 1 to {most} are allowed.", code="invalid_media")
    return media


def content_of(draft: Draft, limits: Capabilities) -> Content:
    """The content of a draft within the provider's limits, or `InvalidError`."""
    if draft.type == "text":
        if draft.media is not None or draft.caption is not None:
            raise InvalidError("A text message has no media and no caption; set type, or leave them out.")
        text = _clean("text", draft.text, limits.text_chars)
        if not text or not text.strip():
            raise InvalidError("text is empty; write what to send.", code="empty_text")
        return Text(text=text)
    if draft.text is not None:
        raise InvalidError(f"A message of type {draft.type} has no text; use caption.")
    media = _checked_media(draft, limits)
    caption = _clean("caption", draft.caption, limits.caption_chars)
    if draft.type == "audio":
        if caption is not None:
            raise InvalidError("An audio message has no caption.")
        return Audio(media=media)
    return _WITH_CAPTION[draft.type](media=media, caption=caption)


def admit(
    draft: Draft,
    *,
    region: str,
    now: datetime,
    choose_instance: Callable[[str | None], str],
    limits: Callable[[str], Capabilities],
    may_be_critical: bool,
) -> NewMessage:
    """Turn a draft into a message to store.

    Args:
        draft: what the caller wrote.
        region: country of national numbers.
        now: the present moment.
        choose_instance: gives the instance to use for the one asked for, or raises.
        limits: the capabilities of an instance's provider.
        may_be_critical: whether the key holds `messages:critical`.

    Raises:
        InvalidError, ForbiddenError: with the sentence that says what to do.
    """
    if draft.priority == "critical" and not may_be_critical:
        raise ForbiddenError("Priority critical needs a key with the scope messages:critical.")
    instance = choose_instance(draft.instance)
    content = content_of(draft, limits(instance))
    send_at = due_moment(draft.send_at, draft.send_zone, now=now)
    if draft.expires_at is not None:
        if draft.expires_at.tzinfo is None:
            raise InvalidError("expires_at has no offset; add one, e.g. 2026-01-31T09:00:00+01:00.")
        if draft.expires_at <= (send_at or now):
            raise InvalidError("expires_at lies before the message could be sent.")
    if draft.client_ref is not None and not draft.client_ref.strip():
        raise InvalidError("client_ref is empty; leave it out or give it a value.")
    if len(draft.tags) > _TAGS:
        raise InvalidError(f"A message has at most {_TAGS} tags.")
    return NewMessage(
        id=MessageId(new_id()),
        instance=instance,
        recipient=phone_digits(draft.to, region),
        content=content,
        encoded=_encoder.encode(content),
        fingerprint=fingerprint(content),
        kind=draft.kind,
        priority=Priority[draft.priority.upper()] if draft.priority else DEFAULT_PRIORITY[draft.kind],
        state=State.SCHEDULED if send_at else State.QUEUED,
        send_at=send_at,
        send_zone=_clean("send_zone", draft.send_zone, 60),
        expires_at=draft.expires_at,
        client_ref=_clean("client_ref", draft.client_ref, _REF_CHARS),
        tags=[tag for tag in (_clean("tags", tag, 60) for tag in draft.tags) if tag],
        campaign_id=draft.campaign_id,
        hash=hashlib.sha256(_encoder.encode(draft)).digest(),
    )
