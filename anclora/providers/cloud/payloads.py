"""Bodies of Graph requests: contents in, the JSON of the Cloud API out. Pure.

Shapes: the recorded `upstream_graph_calls`; what is not among them follows Meta's documentation (messages reference).
"""

import mimetypes
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from anclora.kit.errors import InvalidError
from anclora.providers.contract import (
    Audio,
    Buttons,
    Card,
    Choices,
    Contacts,
    Content,
    Document,
    Image,
    Location,
    Media,
    Reaction,
    Sticker,
    Template,
    Text,
    Video,
)

_REPLY_BUTTONS = 3
_ID_CHARS = 256
Uploaded = Mapping[Media, str]
"""The ids Graph gave to files that were uploaded to it; a file without one goes by its address."""


def message_body(
    recipient: str, content: Content, *, reference: str, uploaded: Uploaded, button_kinds: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The body of `POST /{phone_number_id}/messages`.

    Args:
        recipient: digits with country code, or a jid of one.
        content: what to send.
        reference: ours; it comes back with every status.
        uploaded: ids of the files in the content.
        button_kinds: of a template, by place: `url`, `quick_reply` and the like.

    Raises:
        InvalidError: the Cloud API has no such message (`not_supported`).
    """
    kind, part = _part(content, uploaded, button_kinds)
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": recipient.partition("@")[0].removeprefix("+"),
        "type": kind,
        kind: part,
        "biz_opaque_callback_data": reference,
    }
    quoted = None if isinstance(content, Reaction) else getattr(content, "quoted", None)
    if quoted is not None:
        body["context"] = {"message_id": quoted.provider_id}
    return body


def read_body(provider_id: str, *, typing: bool = False) -> dict[str, Any]:
    """The body that marks a message as read, and shows that we are typing for up to 25 s when asked."""
    body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": provider_id}
    return body | {"typing_indicator": {"type": "text"}} if typing else body


def files_of(content: Content) -> tuple[Media, ...]:
    """The files a content holds."""
    if isinstance(content, Image | Document | Audio | Video | Sticker):
        return (content.media,)
    if isinstance(content, Template) and isinstance(content.header, Media):
        return (content.header,)
    return ()


def kind_of_file(media: Media) -> str:
    """image, video or document: what a template's header shows a file as."""
    path = urlsplit(media.url).path if media.url else media.filename or ""
    kind = (media.mimetype or mimetypes.guess_type(path)[0] or "").partition("/")[0]
    return kind if kind in ("image", "video") else "document"


def _part(content: Content, uploaded: Uploaded, button_kinds: tuple[str, ...]) -> tuple[str, Any]:
    kind = _kind(content)
    if isinstance(content, Template):
        return kind, _template(content, uploaded, button_kinds)
    if isinstance(content, Image | Video | Document | Audio | Sticker):
        return kind, _media(content, uploaded)
    if isinstance(content, Buttons | Choices):
        return "interactive", _buttons(content) if isinstance(content, Buttons) else _choices(content)
    return kind, _plain(content)


def _media(content: Image | Video | Document | Audio | Sticker, uploaded: Uploaded) -> dict[str, Any]:
    part = _file(content.media, uploaded)
    if isinstance(content, Document) and content.media.filename:
        part["filename"] = content.media.filename
    if not isinstance(content, Audio | Sticker) and content.caption:
        part["caption"] = content.caption
    return part


def _plain(content: Content) -> Any:
    match content:
        case Text():
            return {"body": content.text, "preview_url": content.preview and "://" in content.text}
        case Location():
            return _given(
                latitude=content.latitude, longitude=content.longitude, name=content.name, address=content.address
            )
        case Contacts():
            return [_card(card) for card in content.contacts]
        case Reaction():
            return {"message_id": content.target.provider_id, "emoji": content.emoji}
        case _:
            raise _unsupported(f"The Cloud API has no {_kind(content)} message.")


def _kind(content: Content) -> str:
    return str(type(content).__struct_config__.tag)


def _unsupported(sentence: str) -> InvalidError:
    return InvalidError(sentence, code="not_supported")


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _file(media: Media, uploaded: Uploaded) -> dict[str, Any]:
    known = uploaded.get(media)
    return {"id": known} if known is not None else {"link": media.url}


def _card(card: Card) -> dict[str, Any]:
    digits = card.phone.removeprefix("+")
    return _given(
        name={"formatted_name": card.name, "first_name": card.name},
        phones=[{"phone": f"+{digits}", "wa_id": digits}],
        org={"company": card.organization} if card.organization else None,
        emails=[{"email": card.email}] if card.email else None,
        urls=[{"url": card.url}] if card.url else None,
    )


def _framed(kind: str, content: Buttons | Choices, action: dict[str, Any]) -> dict[str, Any]:
    return _given(
        type=kind,
        header={"type": "text", "text": content.header} if content.header else None,
        body={"text": content.text},
        footer={"text": content.footer} if content.footer else None,
        action=action,
    )


def _buttons(content: Buttons) -> dict[str, Any]:
    replies = [button for button in content.buttons if not button.url and not button.phone]
    if len(replies) == len(content.buttons) <= _REPLY_BUTTONS:
        shown = [
            {"type": "reply", "reply": {"title": each.title, "id": (each.id or each.title)[:_ID_CHARS]}}
            for each in replies
        ]
        return _framed("button", content, {"buttons": shown})
    first = content.buttons[0]
    if len(content.buttons) == 1 and first.url:
        link = {"name": "cta_url", "parameters": {"display_text": first.title, "url": first.url}}
        return _framed("cta_url", content, link)
    raise _unsupported("The Cloud API shows up to three answer buttons, or one button that opens a link.")


def _choices(content: Choices) -> dict[str, Any]:
    sections = [
        _given(
            title=section.title,
            rows=[_given(id=row.id, title=row.title, description=row.description) for row in section.rows],
        )
        for section in content.sections
    ]
    return _framed("list", content, {"button": content.button, "sections": sections})


def _template(content: Template, uploaded: Uploaded, button_kinds: tuple[str, ...]) -> dict[str, Any]:
    components: list[dict[str, Any]] = []
    if isinstance(content.header, Media):
        kind = kind_of_file(content.header)
        shown = _file(content.header, uploaded)
        if kind == "document" and content.header.filename:
            shown["filename"] = content.header.filename
        components.append({"type": "header", "parameters": [{"type": kind, kind: shown}]})
    elif content.header is not None:
        components.append({"type": "header", "parameters": [_words(content.header)]})
    if content.body:
        components.append({"type": "body", "parameters": [_words(text) for text in content.body]})
    for place, fill in enumerate(content.buttons):
        if fill is not None:
            kind = button_kinds[place] if place < len(button_kinds) else "url"
            filled = {"type": "payload", "payload": fill} if kind == "quick_reply" else _words(fill)
            components.append({"type": "button", "sub_type": kind, "index": str(place), "parameters": [filled]})
    named: dict[str, Any] = {"name": content.name, "language": {"code": content.language}}
    return named | {"components": components} if components else named


def _words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
