"""What recorded webhooks of people, numbers and edits say, read by hand: plain dictionaries, no code of the product."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anclora.providers.contract import (
    Card,
    ConnectionEvent,
    ContactEvent,
    Event,
    InboundEvent,
    OtherEvent,
    OwnMessageEvent,
    PairingEvent,
    Said,
    SaidChoice,
    SaidContacts,
    SaidDelete,
    SaidEdit,
    SaidLocation,
    SaidMedia,
    SaidOther,
    SaidReaction,
    SaidText,
    SaidVote,
)

# Kinds of webhooks that stay `OtherEvent`, and why. The report names each with its count.
NOTHING_TO_US: Mapping[str, str] = {
    "messages.set": "old messages, told when a phone is paired: history, and no news",
    "chats.set": "a list of chats: ours come from the messages",
    "chats.upsert": "a list of chats: ours come from the messages",
    "chats.update": "a list of chats: ours come from the messages",
    "chats.delete": "somebody tidied the phone; the ledger keeps what was said",
    "presence.update": "who is typing: worth nothing a second later",
    "labels.edit": "labels of the phone's own",
    "group-participants.update": "who is in a group",
    "instance.create": "the answer to our own request said it",
    "instance.delete": "`remove.instance` says the same",
    "call": "somebody rings; nothing here answers",
    "groups.upsert": "which groups there are",
    "groups.update": "what a group is called",
    "labels.association": "labels of the phone's own",
    "contacts.set": "the phone's own address book",
    "typebot.start": "a bot of the server's own",
    "typebot.change-status": "a bot of the server's own",
    "application.startup": "the server was started",
    "error": "the server's own error log; it holds its global key",
}
# Of kinds that are read, the ones in which there is nothing to read.
WITHOUT_USE: Mapping[str, str] = {
    "messages.upsert": "a status or a broadcast, said to everybody",
    "contacts.upsert": "names nobody, or a group by the name of whoever wrote in it",
    "contacts.update": "names nobody, or a group by the name of whoever wrote in it",
    "qrcode.updated": "no more codes; `connection.update` says refused beside it",
    "messages.update": "no step on the way of a message",
    "messages.edited": "a message about a message that is neither an edit nor a deletion",
    "messages.delete": "without an id",
    "send.message": "without an address",
}
TYPED = {
    "imageMessage": "image", "videoMessage": "video", "ptvMessage": "video", "audioMessage": "audio",
    "documentMessage": "document", "stickerMessage": "sticker",
}  # fmt: skip


def address(jid: str) -> str | None:
    user, _, domain = jid.partition("@")
    user = user.split(":")[0]
    if not user.isdigit() or domain not in ("", "s.whatsapp.net", "c.us", "lid"):
        return None
    return f"{'lid' if domain == 'lid' else 'phone'}:{user}"


def phone(jids: Sequence[str]) -> str | None:
    return next((a[6:] for jid in jids if (a := address(jid)) and a.startswith("phone:")), None)


def as_written(name: str, data: Any, event: Event) -> bool:
    """Whether an event that is no message, receipt or connection says what its data says."""
    reader = _BY_HAND.get(name)
    return reader(data, event) if reader else event == OtherEvent(kind=name)


def _contact(data: Any, event: Event) -> bool:
    found = address(data.get("remoteJid") or "")
    if found is None:
        return isinstance(event, OtherEvent)
    return event == ContactEvent(addresses=(found,), name=data.get("pushName") or None)


def _pairing(data: Any, event: Event) -> bool:
    if "qrcode" not in data:
        return isinstance(event, OtherEvent)
    qr = data["qrcode"]
    return event == PairingEvent(qr=qr.get("code"), pairing_code=qr.get("pairingCode"), count=qr.get("count"))


def _change(data: Any, event: Event, said: Said, *, by_api: bool = False) -> bool:
    key = data.get("key", data)
    if key["fromMe"]:
        return isinstance(event, OwnMessageEvent) and (event.said, event.by_api) == (said, by_api)
    return isinstance(event, InboundEvent) and (event.said, event.sender) == (said, phone([key["remoteJid"]]))


def _words(message: Any) -> str | None:
    return message.get("conversation") or (message.get("extendedTextMessage") or {}).get("text")


def _edited(data: Any, event: Event) -> bool:
    if "editedMessage" not in data:
        return isinstance(event, OtherEvent) or _change(data, event, SaidDelete(target=data["key"]["id"]))
    return _change(data, event, SaidEdit(target=data["key"]["id"], text=_words(data["editedMessage"])))


def _sent_update(data: Any, event: Event) -> bool:
    said = SaidEdit(target=data["key"]["id"], text=_words(data["editedMessage"]))
    return _change(data, event, said, by_api=True)


def _deleted(data: Any, event: Event) -> bool:
    key = data.get("key", data)
    return _change(data, event, SaidDelete(target=key["id"]), by_api="key" in data)


def _updated(data: Any, event: Event) -> bool:
    new = (data.get("message") or {}).get("editedMessage")
    if new is None:
        return isinstance(event, OtherEvent)
    return _change(data, event, SaidEdit(target=data["keyId"], text=_words(new.get("message", new))))


def _closed(data: Any, event: Event) -> bool:
    return event == ConnectionEvent(state="close", reason=data.get("disconnectionReasonCode"))


_BY_HAND: Mapping[str, Callable[[Any, Event], bool]] = {
    "contacts.upsert": _contact,
    "contacts.update": _contact,
    "qrcode.updated": _pairing,
    "messages.update": _updated,
    "messages.edited": _edited,
    "messages.delete": _deleted,
    "send.message.update": _sent_update,
    "status.instance": _closed,
    "logout.instance": lambda _data, event: event == ConnectionEvent(state="logged_out", reason=None),
    "remove.instance": lambda _data, event: event == ConnectionEvent(state="removed", reason=None),
}


WRAPPERS = ("ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "documentWithCaptionMessage")


def said_in(data: Any) -> Said:
    """What a recorded `messages.upsert` says."""
    message = data.get("message") or {}
    while wrapped := next((message[w] for w in WRAPPERS if w in message), None):
        message = wrapped["message"]
    stanza = (data.get("contextInfo") or {}).get("stanzaId")
    if "conversation" in message:
        if data.get("messageType") in ("interactiveMessage", "buttonMessage"):
            return SaidChoice(id="", title=message["conversation"], target=stanza)
        return SaidText(text=message["conversation"])
    for name, value in message.items():
        if name in _KINDS:
            return _said(name, value, data, stanza)
    named = next((name for name in message if name not in ("messageContextInfo", "contextInfo", "base64")), None)
    return SaidOther(kind=named or data.get("messageType") or "empty")


def _size(value: Any) -> int | None:
    if isinstance(value, dict):
        return value["high"] * 2**32 + value["low"] % 2**32
    return int(value) if value not in (None, "") else None


def _card(card: Any) -> Card:
    lines = dict(line.split(":", 1) for line in card["vcard"].splitlines() if ":" in line)
    waid = next((name.split("waid=")[1] for name in lines if "waid=" in name), "")
    return Card(name=card["displayName"], phone=waid)


def _media(name: str, value: Any, data: Any, _stanza: str | None) -> Said:
    return SaidMedia(
        kind=TYPED[name],
        mimetype=value.get("mimetype") or value.get("mime_type"),
        caption=value.get("caption"),
        file_name=value.get("fileName")
        or value.get("filename")
        or (value.get("title") if "document" in name else None),
        ref=value.get("id") or data["key"]["id"],
        bytes=_size(value.get("fileLength")),
        seconds=_size(value.get("seconds")),
    )


def _place(name: str, value: Any, _data: Any, _stanza: str | None) -> Said:
    latitude, longitude = value["degreesLatitude"], value["degreesLongitude"]
    live = name == "liveLocationMessage"
    name, where = value.get("name"), value.get("address")
    return SaidLocation(latitude=latitude, longitude=longitude, name=name, address=where, live=live)


def _choice(_name: str, value: Any, _data: Any, stanza: str | None) -> Said:
    if "nativeFlowResponseMessage" in value:
        flow = value["nativeFlowResponseMessage"]
        chosen = json.loads(flow["paramsJson"]).get("id", flow["name"])
        return SaidChoice(id=chosen, title=value["body"]["text"], target=stanza)
    row = (value.get("singleSelectReply") or {}).get("selectedRowId")
    chosen = value.get("selectedButtonId") or value.get("selectedId") or row
    return SaidChoice(id=str(chosen), title=value.get("selectedDisplayText") or value.get("title"), target=stanza)


def _vote(_name: str, value: Any, data: Any, _stanza: str | None) -> Said:
    names = (value.get("vote") or {}).get("selectedOptions")
    if names is None and "pollUpdates" in data:
        names = [each["name"] for each in data["pollUpdates"] if each["voters"]]
    target = value["pollCreationMessageKey"]["id"]
    return SaidVote(target=target, options=None if names is None else tuple(names))


_KINDS: Mapping[str, Callable[[str, Any, Any, str | None], Said]] = {
    **dict.fromkeys(TYPED, _media),
    "extendedTextMessage": lambda _name, value, _data, _stanza: SaidText(text=value["text"]),
    "locationMessage": _place,
    "liveLocationMessage": _place,
    "contactMessage": lambda _name, value, _data, _stanza: SaidContacts(contacts=(_card(value),)),
    "contactsArrayMessage": lambda _name, value, _data, _stanza: SaidContacts(
        contacts=tuple(map(_card, value["contacts"]))
    ),
    "reactionMessage": lambda _name, value, _data, _stanza: SaidReaction(
        target=value["key"]["id"], emoji=value.get("text") or ""
    ),
    "pollUpdateMessage": _vote,
    **dict.fromkeys(
        (
            "buttonsResponseMessage",
            "templateButtonReplyMessage",
            "listResponseMessage",
            "interactiveResponseMessage",
        ),
        _choice,
    ),
    **dict.fromkeys(
        ("pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3"),
        lambda name, _value, _data, _stanza: SaidOther(kind=name),
    ),
}


def _said(name: str, value: Any, data: Any, stanza: str | None) -> Said:
    return _KINDS[name](name, value, data, stanza)
