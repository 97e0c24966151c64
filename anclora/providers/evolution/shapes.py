"""What webhooks and look-ups of Evolution API have in common: keys, messages and times, read tolerantly.

Only the members we use are decoded; msgspec skips the rest (thumbnails, keys, whole base64 files) without building it.
"""

from datetime import UTC, datetime

import msgspec

from anclora.providers.contract import fingerprint_of, place_words
from anclora.providers.evolution.jids import is_person, number_of

# ruff: noqa: N815 - the names are the wire's

EMPTY = msgspec.Raw(b"{}")
# What decoding foreign JSON can end in: another shape, broken text, nesting without end.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MILLISECONDS_FROM = 100_000_000_000  # a count this big is not seconds but milliseconds


class Key(msgspec.Struct):
    """Who and which: the address of a message."""

    id: str | None = None
    remoteJid: str | None = None
    remoteJidAlt: str | None = None
    senderPn: str | None = None
    fromMe: bool | None = None

    @property
    def peer(self) -> str:
        """The other side: digits when any of the addresses is a phone (lid chats carry it beside), else the jid."""
        main = self.remoteJid or ""
        if not main.endswith("@g.us"):
            for jid in (main, self.remoteJidAlt, self.senderPn):
                if jid and is_person(jid):
                    return number_of(jid)
        return main


class Long(msgspec.Struct):
    """A 64-bit number as some versions write it."""

    low: int


class _Worded(msgspec.Struct):
    text: str | None = None
    caption: str | None = None
    fileName: str | None = None
    title: str | None = None
    selectedDisplayText: str | None = None


class _Place(msgspec.Struct):
    degreesLatitude: float
    degreesLongitude: float


class _Card(msgspec.Struct):
    displayName: str | None = None


class _Cards(msgspec.Struct):
    contacts: list[_Card]


class _Poll(msgspec.Struct):
    name: str | None = None


class _Reaction(msgspec.Struct):
    key: Key
    text: str | None = None


class _Body(msgspec.Struct):
    text: str = ""


class _Interactive(msgspec.Struct):
    body: _Body | None = None


class _List(msgspec.Struct):
    title: str | None = None
    description: str | None = None


class _Wrapped(msgspec.Struct):
    message: msgspec.Raw = EMPTY


class _Message(msgspec.Struct):
    conversation: str | None = None
    extendedTextMessage: _Worded | None = None
    imageMessage: _Worded | None = None
    documentMessage: _Worded | None = None
    videoMessage: _Worded | None = None
    ptvMessage: _Worded | None = None
    buttonsResponseMessage: _Worded | None = None
    templateButtonReplyMessage: _Worded | None = None
    listResponseMessage: _Worded | None = None
    locationMessage: _Place | None = None
    contactMessage: _Card | None = None
    contactsArrayMessage: _Cards | None = None
    pollCreationMessage: _Poll | None = None
    pollCreationMessageV3: _Poll | None = None
    reactionMessage: _Reaction | None = None
    interactiveMessage: _Interactive | None = None
    listMessage: _List | None = None
    ephemeralMessage: _Wrapped | None = None
    viewOnceMessage: _Wrapped | None = None
    viewOnceMessageV2: _Wrapped | None = None
    documentWithCaptionMessage: _Wrapped | None = None


_message = msgspec.json.Decoder(_Message)


def kind_and_words(raw: msgspec.Raw, depth: int = 3) -> tuple[str, str | None]:
    """Content type and words of a `message` object; ("other", None) when it has none we compare.

    Args:
        raw: the JSON of `message`.
        depth: wrappers (disappearing, view once, document with caption) opened at most.
    """
    try:
        message = _message.decode(raw)
    except UNREADABLE:  # another version's shape says nothing to us
        return "other", None
    wrapped = (
        message.ephemeralMessage
        or message.viewOnceMessage
        or message.viewOnceMessageV2
        or message.documentWithCaptionMessage
    )
    if message.conversation is not None:
        found = "text", message.conversation
    elif message.extendedTextMessage is not None:
        found = "text", message.extendedTextMessage.text
    elif message.imageMessage is not None:
        found = "image", message.imageMessage.caption
    elif message.documentMessage is not None:
        document = message.documentMessage
        found = "document", document.caption or document.fileName or document.title
    elif video := message.videoMessage or message.ptvMessage:
        found = "video", video.caption
    elif button := message.buttonsResponseMessage or message.templateButtonReplyMessage:
        found = "reply", button.selectedDisplayText
    elif message.listResponseMessage is not None:
        found = "reply", message.listResponseMessage.title
    elif wrapped is not None and depth > 0:
        found = kind_and_words(wrapped.message, depth - 1)
    else:
        found = _rarer(message)
    return found


def _rarer(message: _Message) -> tuple[str, str | None]:
    """The contents without words of their own, each with what `contract.fingerprint` compares."""
    found: tuple[str, str | None] = "other", None
    if place := message.locationMessage:
        found = "location", place_words(place.degreesLatitude, place.degreesLongitude)
    elif message.contactMessage is not None:
        found = "contacts", message.contactMessage.displayName
    elif message.contactsArrayMessage is not None:
        found = "contacts", ", ".join(card.displayName or "" for card in message.contactsArrayMessage.contacts)
    elif poll := message.pollCreationMessage or message.pollCreationMessageV3:
        found = "poll", poll.name
    elif reaction := message.reactionMessage:
        found = "reaction", f"{reaction.key.id} {reaction.text or ''}"
    elif message.interactiveMessage is not None:
        body = message.interactiveMessage.body
        found = "buttons", _below_header(body.text) if body else None
    elif message.listMessage is not None:
        found = "list", message.listMessage.description or message.listMessage.title
    return found


def _below_header(text: str) -> str:
    """The text of buttons: the server writes `*header*`, an empty line and the text, or the text alone in asterisks."""
    header, _, rest = text.strip().partition("\n")
    return rest or header.removeprefix("*").removesuffix("*")


def fingerprint_in(raw: msgspec.Raw) -> str | None:
    """The fingerprint of a `message` object, comparable to `contract.fingerprint(content)`."""
    kind, words = kind_and_words(raw)
    return fingerprint_of(kind, words)


def moment_of(stamp: float | str | Long | None) -> datetime | None:
    """A `messageTimestamp` in any of its forms: seconds as number, text or {low, high}; None when it is no time."""
    try:
        seconds = float(stamp.low if isinstance(stamp, Long) else stamp or 0)
        if seconds <= 0:
            return None
        return datetime.fromtimestamp(seconds / 1_000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
