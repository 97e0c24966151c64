"""The bodies of every content but plain text, after the JSON schemas of 2.3.7 (contract 3.5)."""

import mimetypes
from typing import Any

from anclora.kit.errors import InvalidError
from anclora.providers.contract import (
    Audio,
    Button,
    Buttons,
    Card,
    Choices,
    Contacts,
    Content,
    Document,
    Image,
    Location,
    Media,
    Poll,
    Reaction,
    Status,
    Sticker,
    Target,
    Text,
    Video,
    kind_of,
)
from anclora.providers.evolution.jids import jid_of

_FONT = 1  # 0 is falsy there, and refused: "Font is required"
Body = dict[str, Any]


def body_of(number: str, content: Content) -> tuple[str, Body]:
    """Operation and body that send a content.

    Args:
        number: digits with country code, or a jid.
        content: as it goes out (see `rendering.rendered`).

    Raises:
        InvalidError: the server cannot send such a thing.
    """
    if isinstance(content, Reaction):
        return "message/sendReaction", {"key": _key(number, content.target), "reaction": content.emoji}
    if isinstance(content, Status):
        return "message/sendStatus", _status(content)
    operation, members = _operation(content)
    return f"message/{operation}", {"number": number} | _present(members) | _options(number, content)


def _operation(content: Content) -> tuple[str, dict[str, Any]]:  # noqa: PLR0911 - one line per content type
    match content:
        case Text():
            return "sendText", {"text": content.text, "linkPreview": None if content.preview else False}
        case Image() | Document() | Video():
            return "sendMedia", _media(content)
        case Audio():
            return "sendWhatsAppAudio", {"audio": source_of(content.media)}
        case Sticker():
            return "sendSticker", {"sticker": source_of(content.media)}
        case Location():
            place = {"latitude": content.latitude, "longitude": content.longitude}
            return "sendLocation", place | {"name": content.name or "", "address": content.address or ""}
        case Contacts():
            return "sendContact", {"contact": [_card(card) for card in content.contacts]}
        case Poll():
            answers = {"selectableCount": content.selectable, "values": content.options}
            return "sendPoll", {"name": content.question} | answers
        case Buttons():
            return "sendButtons", _buttons(content)
        case Choices():
            return "sendList", _list(content)
        case _:
            raise InvalidError(f"Evolution API cannot send a message of type {kind_of(content)}.")


def source_of(media: Media) -> str:
    """The address or the file itself. A file stored here is put in by whoever sends (`media.base64`)."""
    return media.url or media.base64 or ""


def _media(content: Image | Document | Video) -> dict[str, Any]:
    return {
        "mediatype": kind_of(content),
        "media": source_of(content.media),
        "mimetype": content.media.mimetype,
        "fileName": _file_name(content),
        "caption": content.caption,
    }


def _file_name(content: Image | Document | Video) -> str | None:
    media = content.media
    if media.filename or media.url or not isinstance(content, Document):
        return media.filename
    # "For base64 the file name must be informed."
    return "document" + (mimetypes.guess_extension(media.mimetype or "") or "")


def _card(card: Card) -> Body:
    members = {"fullName": card.name, "phoneNumber": f"+{card.phone.removeprefix('+')}"}
    return members | _present({"organization": card.organization, "email": card.email, "url": card.url})


def _buttons(content: Buttons) -> dict[str, Any]:
    """Title and description are joined by the server; it writes `*undefined*` when there is no title."""
    title, description = (content.header, content.text) if content.header else (content.text, None)
    return {
        "title": title,
        "description": description,
        "footer": content.footer,
        "buttons": [_button(button) for button in content.buttons],
    }


def _button(button: Button) -> Body:
    if button.url is not None:
        return {"type": "url", "displayText": button.title, "url": button.url}
    if button.phone is not None:
        return {"type": "call", "displayText": button.title, "phoneNumber": f"+{button.phone.removeprefix('+')}"}
    return {"type": "reply", "displayText": button.title, "id": button.id or button.title}


def _list(content: Choices) -> dict[str, Any]:
    title, description = (content.header, content.text) if content.header else (content.text, None)
    return {
        "title": title,
        "description": description,
        "footerText": content.footer or "",
        "buttonText": content.button,
        "sections": [
            {
                "title": section.title or "",
                "rows": [
                    {"title": row.title, "rowId": row.id} | _present({"description": row.description})
                    for row in section.rows
                ],
            }
            for section in content.sections
        ],
    }


def _status(content: Status) -> Body:
    body = {"type": content.kind, "allContacts": False, "statusJidList": [jid_of(each) for each in content.audience]}
    if content.media is None:
        return body | {"content": content.text or "", "backgroundColor": content.color, "font": _FONT}
    return body | {"content": source_of(content.media)} | _present({"caption": content.text})


def _options(number: str, content: Any) -> Body:
    """The members every send may have (contract 3.1). Mentions: the schema's `everyOne` is not what the code reads."""
    options: dict[str, Any] = {}
    if content.quoted is not None:
        quoted: Target = content.quoted
        options["quoted"] = {"key": _key(number, quoted)}
        if quoted.text is not None:  # without it the server looks into its rows, and quotes nothing when it has none
            options["quoted"]["message"] = {"conversation": quoted.text}
    if content.mentions:
        options["mentioned"] = list(dict.fromkeys(content.mentions))
    return options


def _key(number: str, target: Target) -> Body:
    return {"id": target.provider_id, "remoteJid": jid_of(number), "fromMe": target.from_me}


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
