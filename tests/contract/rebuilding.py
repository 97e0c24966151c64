"""Recorded request bodies of a send or an act as our own typed values, and as the requests we make of those."""

from collections.abc import Callable, Mapping
from typing import Any

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
    Row,
    Section,
    Status,
    Sticker,
    Target,
    Text,
    Video,
)
from anclora.providers.evolution import payloads

MEDIA = {"image": Image, "document": Document, "video": Video}
COMMON = {"delay", "quoted", "linkPreview", "mentionsEveryOne", "mentioned"}
NAMED = {
    "message/sendText": {"number", "text"} | COMMON,
    "message/sendMedia": {"number", "mediatype", "media", "mimetype", "fileName", "caption"} | COMMON,
    "message/sendWhatsAppAudio": {"number", "audio", "encoding"} | COMMON,
    "message/sendSticker": {"number", "sticker", "notConvertSticker"} | COMMON,
    "message/sendLocation": {"number", "latitude", "longitude", "name", "address"} | COMMON,
    "message/sendContact": {"number", "contact"},
    "message/sendPoll": {"number", "name", "selectableCount", "values"} | COMMON,
    "message/sendButtons": {"number", "title", "description", "footer", "buttons"} | COMMON,
    "message/sendList": {"number", "title", "description", "footerText", "buttonText", "sections"} | COMMON,
    "message/sendReaction": {"key", "reaction"},
    "message/sendStatus": {"type", "content", "caption", "backgroundColor", "font", "statusJidList", "allContacts"},
}


class Outside(Exception):  # noqa: N818 - no error: a rule that takes something out of scope
    """A rule, not a file, says that this is none of ours."""


def send(operation: str, instance: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    if operation not in NAMED:
        raise Outside("a content type our typed contents do not have yet")
    if body.keys() - NAMED[operation]:
        raise Outside("has a member that the contract does not name")
    if body.get("mediatype") == "audio":
        raise Outside("audio as media; ours goes out as a voice note")
    number = body["number"] if "number" in body else str(body.get("key", {}).get("remoteJid", "status@broadcast"))
    if number and not number.isdigit() and "@" not in number:
        raise Outside("a number in writing; our recipients are digits or jids")
    if any(not str(card["phoneNumber"]).startswith("+") for card in body.get("contact", ())):
        raise Outside("cards in another writing; ours have +digits")
    return payloads.send_request(instance, number, content(operation, body))


def content(operation: str, body: Mapping[str, Any]) -> Content:
    if operation == "message/sendText":
        return Text(text=body["text"])
    if operation not in ("message/sendMedia", "message/sendWhatsAppAudio"):
        return _rarer(operation, body)
    source = body.get("audio") or body["media"]
    inline = None if source.startswith("http") else source
    media = Media(
        url=source if inline is None else None,
        base64=inline,
        mimetype=body.get("mimetype"),
        filename=body.get("fileName"),
    )
    if operation == "message/sendWhatsAppAudio":
        return Audio(media=media)
    return MEDIA[body["mediatype"]](media=media, caption=body.get("caption"))


def _rarer(operation: str, body: Mapping[str, Any]) -> Content:  # noqa: PLR0911 - one line per content
    match operation:
        case "message/sendSticker":
            return Sticker(media=Media(url=body["sticker"]))
        case "message/sendLocation":
            places = {name: body[name] for name in ("latitude", "longitude", "name", "address")}
            return Location(**places)
        case "message/sendContact":
            cards = [Card(name=each["fullName"], phone=each["phoneNumber"]) for each in body["contact"]]
            return Contacts(contacts=tuple(cards))
        case "message/sendPoll":
            return Poll(question=body["name"], options=tuple(body["values"]), selectable=body["selectableCount"])
        case "message/sendReaction":
            key = body["key"]
            return Reaction(target=Target(provider_id=key["id"], from_me=key["fromMe"]), emoji=body["reaction"])
        case "message/sendButtons":
            return _buttons(body)
        case "message/sendList":
            sections = tuple(
                Section(title=each["title"], rows=tuple(_row(row) for row in each["rows"])) for each in body["sections"]
            )
            header, text = _worded(body)
            return Choices(
                header=header,
                text=text,
                footer=body["footerText"],
                button=body["buttonText"],
                sections=sections,
                forced=True,
            )
        case _:
            audience = tuple(jid.partition("@")[0] for jid in body.get("statusJidList", ()))
            return Status(text=body.get("content"), color=body.get("backgroundColor", ""), audience=audience)


def _row(row: Mapping[str, Any]) -> Row:
    return Row(id=row["rowId"], title=row["title"], description=row.get("description"))


def _buttons(body: Mapping[str, Any]) -> Content:
    if not body.get("buttons") or "title" not in body:
        raise Outside("no buttons at all, or no title; ours always have both")
    buttons: list[Button] = []
    for each in body["buttons"]:
        if each["type"] not in ("reply", "url", "call"):
            raise Outside("buttons that copy or pay; ours answer, open or call")
        buttons.append(
            Button(title=each["displayText"], id=each.get("id"), url=each.get("url"), phone=each.get("phoneNumber"))
        )
    header, text = _worded(body)
    return Buttons(header=header, text=text, footer=body.get("footer"), buttons=tuple(buttons), forced=True)


def _worded(body: Mapping[str, Any]) -> tuple[str | None, str]:
    """Header and text; without a description the title is the text."""
    return (body["title"], body["description"]) if "description" in body else (None, body["title"])


def _target(key: Mapping[str, Any]) -> Target:
    return Target(provider_id=key["id"], from_me=key["fromMe"])


def _edit(_operation: str, instance: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    return payloads.edit_request(instance, body["number"], _target(body["key"]), body["text"])


def _delete(_operation: str, instance: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    return payloads.delete_request(instance, body["remoteJid"], _target(body))


def _mark_read(_operation: str, instance: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    [sender] = {key["remoteJid"] for key in body["readMessages"]}
    return payloads.read_request(instance, sender, [key["id"] for key in body["readMessages"]])


def _presence(_operation: str, instance: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    return payloads.typing_request(instance, body["number"], seconds=body["delay"] / 1_000)


def _numbers(_operation: str, instance: str, body: Mapping[str, Any]) -> tuple[str, bytes]:
    return payloads.numbers_request(instance, body["numbers"])


ACTS: Mapping[str, Callable[[str, str, Mapping[str, Any]], tuple[str, bytes]]] = {
    "chat/updateMessage": _edit,
    "chat/deleteMessageForEveryone": _delete,
    "chat/markMessageAsRead": _mark_read,
    "chat/sendPresence": _presence,
    "chat/whatsappNumbers": _numbers,
}
