"""What a paired phone's server shows of a message it sent: `message` and its type, by kind (recordings baileys_send).

List, reaction, sticker and status are made after the contract's text alone; no recording shows one going out.
"""

import os
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from anclora.providers.sandbox import bodies, media

Body = dict[str, Any]


class Shown(NamedTuple):
    """A message as the answer, the event and the look-up show it.

    Attributes:
        context: whether `contextInfo` stands beside it too.
        answer_key: members its key has besides the usual ones.
    """

    message_type: str
    message: Body
    context: bool = True
    answer_key: Body = {}  # noqa: RUF012 - never changed


def words_of(kind: str, body: Body) -> str:
    """What the witness sees and the script decides by: words, caption, name or the like."""
    read = _WORDS.get(kind)
    return str(read(body)) if read else str(body.get("caption") or media.file_name(body) or "")


_WORDS: Mapping[str, Callable[[Body], Any]] = {
    "text": lambda body: body["text"],
    "location": lambda body: body["name"] or f"{body['latitude']},{body['longitude']}",
    "contacts": lambda body: ", ".join(card["fullName"] for card in body["contact"]),
    "poll": lambda body: body["name"],
    "reaction": lambda body: f"{body['key']['id']} {body['reaction']}",
    "buttons": lambda body: body.get("description") or body.get("title") or "",
    "list": lambda body: body.get("description") or body["title"],
    "status": lambda body: body.get("caption") or (body.get("content") if body["type"] == "text" else "") or "",
}


def shown(kind: str, body: Body, context: Body, *, jid: str, now_seconds: int) -> Shown:
    """The message a body stands for.

    Args:
        kind: of content.
        body: of the request.
        context: what the message refers to.
        jid: where it went.
        now_seconds: time of the message.
    """
    make = _MAKERS.get(kind)
    if make is not None:
        return make(body, context, jid)
    if kind == "status" and body["type"] == "text":
        return Shown("extendedTextMessage", {"extendedTextMessage": {"text": body["content"]}})
    if kind == "status":
        kind, body = body["type"], {"media": body["content"], "caption": body.get("caption")}
    message_type = f"{kind}Message"
    return Shown(message_type, {message_type: media.media_message(kind, body, now_seconds)})


def _text(body: Body, _context: Body, _jid: str) -> Shown:
    return Shown("conversation", {"conversation": body["text"]})


def _location(body: Body, context: Body, _jid: str) -> Shown:
    place = {"degreesLatitude": body["latitude"], "degreesLongitude": body["longitude"]}
    place |= {"name": body["name"], "address": body["address"], "contextInfo": context}
    return Shown("locationMessage", {"locationMessage": place})


def _card(card: Body) -> Body:
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{card['fullName']}", f"FN:{card['fullName']}"]
    lines += [f"ORG:{card['organization']};"] if card.get("organization") else []
    lines += [f"{name.upper()}:{card[name]}" for name in ("email", "url") if card.get(name)]
    wuid = card.get("wuid") or bodies.jid_of(card["phoneNumber"])
    lines += [f"item1.TEL;waid={wuid}:{card['phoneNumber']}", "item1.X-ABLabel:Celular", "END:VCARD"]
    return {"displayName": card["fullName"], "vcard": "\n".join(lines)}


def _contacts(body: Body, context: Body, _jid: str) -> Shown:
    cards = [_card(card) for card in body["contact"]]
    if len(cards) == 1:
        return Shown("contactMessage", {"contactMessage": cards[0] | {"contextInfo": context}})
    named = {"contacts": cards, "displayName": f"{len(cards)} contacts", "contextInfo": context}
    return Shown("contactsArrayMessage", {"contactsArrayMessage": named})


def _poll(body: Body, context: Body, _jid: str) -> Shown:
    secret = {str(place): byte for place, byte in enumerate(os.urandom(32))}
    kind = "pollCreationMessageV3" if body["selectableCount"] == 1 else "pollCreationMessage"
    poll = {
        "name": body["name"],
        "selectableOptionsCount": body["selectableCount"],
        "options": [{"optionName": option} for option in body["values"]],
    }
    message = {"messageContextInfo": {"messageSecret": secret, "contextInfo": context}, kind: poll}
    return Shown(kind, message, context=False)


def _reaction(body: Body, _context: Body, _jid: str) -> Shown:
    return Shown("reactionMessage", {"reactionMessage": {"key": body["key"], "text": body["reaction"]}})


_NATIVE = {"reply": "quick_reply", "url": "cta_url", "call": "cta_call", "copy": "cta_copy", "pix": "payment_info"}


def _buttons(body: Body, _context: Body, jid: str) -> Shown:
    described = body.get("description")
    text = f"*{body.get('title', 'undefined')}*" + (f"\n\n{described}\n" if described else "")
    interactive = {
        "body": {"text": text},
        "footer": {"text": body["footer"]} if body.get("footer") else {},
        "nativeFlowMessage": {
            "buttons": [
                {"name": _NATIVE[button["type"]], "buttonParamsJson": _params(button)} for button in body["buttons"]
            ],
            "messageParamsJson": f'{{"from":"api","templateId":"{bodies.instance_id()}"}}',
        },
    }
    message = {"viewOnceMessage": {"message": {"interactiveMessage": interactive}}}
    return Shown("viewOnceMessage", message, context=False, answer_key={"participant": jid})


def _params(button: Body) -> str:
    words = f'"display_text":"{button.get("displayText", "")}"'
    match button["type"]:
        case "url":
            return f'{{{words},"url":"{button["url"]}","merchant_url":"{button["url"]}"}}'
        case "call":
            return f'{{{words},"phone_number":"{button["phoneNumber"]}"}}'
        case "copy":
            return f'{{{words},"copy_code":"{button["copyCode"]}"}}'
        case _:
            return f'{{{words},"id":"{button.get("id", "")}"}}'


def _list(body: Body, context: Body, _jid: str) -> Shown:
    members = {
        name: body[name] for name in ("title", "description", "buttonText", "footerText", "sections") if name in body
    }
    return Shown("listMessage", {"listMessage": members | {"listType": 1, "contextInfo": context}})


def _sticker(body: Body, context: Body, _jid: str) -> Shown:
    digest = {str(place): byte for place, byte in enumerate(sha256(body.get("sticker", "").encode()).digest())}
    sticker = {"mimetype": "image/webp", "fileSha256": digest, "isAnimated": False, "contextInfo": context}
    return Shown("stickerMessage", {"stickerMessage": sticker})


_MAKERS: Mapping[str, Callable[[Body, Body, str], Shown]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "poll": _poll,
    "reaction": _reaction,
    "buttons": _buttons,
    "list": _list,
    "sticker": _sticker,
}

_ONE_EMOJI = re.compile(r"[^\w\s]\W{0,20}|[0-9#*]\ufe0f?\u20e3")


def is_one_emoji(text: str) -> bool:
    """About what the server's own pattern lets pass: no letters, no digits alone."""
    return not text or _ONE_EMOJI.fullmatch(text) is not None
