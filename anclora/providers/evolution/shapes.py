"""What webhooks and look-ups of Evolution API have in common: keys, messages and times, read tolerantly.

Only the members we use are decoded; msgspec skips the rest (thumbnails, keys, whole base64 files) without building it.
"""

import re
from datetime import UTC, datetime

import msgspec

from anclora.providers.contract import fingerprint_of, place_words
from anclora.providers.evolution.jids import address_of, is_person, number_of

# ruff: noqa: N815 - the names are the wire's

EMPTY = msgspec.Raw(b"{}")
ABSENT = msgspec.Raw(b"")
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


class WideKey(Key):
    """The same with every address versions write beside it (contract 6.2)."""

    senderLid: str | None = None
    previousRemoteJid: str | None = None
    participant: str | None = None
    participantAlt: str | None = None
    participantPn: str | None = None
    participantLid: str | None = None

    @property
    def group(self) -> str | None:
        """The jid of the group it was written in."""
        return self.remoteJid if (self.remoteJid or "").endswith("@g.us") else None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address of the person it names, phones first: who wrote in a group, else the other side."""
        jids = (
            (self.participant, self.participantAlt, self.participantPn, self.participantLid)
            if self.group
            else (self.remoteJid, self.remoteJidAlt, self.senderPn, self.senderLid, self.previousRemoteJid)
        )
        found: list[str] = []
        for jid in jids:
            if jid and (address := address_of(jid)) is not None and address not in found:
                found.append(address)
        if len(found) > 1:
            found.sort(reverse=True)  # "phone" is behind "lid"
        return tuple(found)

    @property
    def writer(self) -> str:
        """Who wrote: digits of a phone where any address is one, else the jid that is told."""
        if not self.group:
            return self.peer
        first = next(iter(self.addresses), "")
        return first.removeprefix("phone:") if first.startswith("phone:") else self.participant or self.peer


class Long(msgspec.Struct):
    """A 64-bit number as some versions write it."""

    low: int
    high: int = 0


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


def is_there(raw: msgspec.Raw) -> bool:
    """Whether a member with the default `ABSENT` came, and is not null."""
    return bytes(raw) not in (b"", b"null")


_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def without_nul(raw: msgspec.Raw) -> msgspec.Raw:
    """The same JSON with U+FFFD for NUL: Postgres cannot hold it, and no sender may stop what is stored beside him."""
    whole = bytes(raw)
    return msgspec.Raw(_NUL.sub(rb"\1\\ufffd", whole)) if b"\\u0000" in whole else raw


def moment_of(stamp: float | str | Long | None) -> datetime | None:
    """A `messageTimestamp` in any of its forms: seconds as number, text or {low, high}; None when it is no time."""
    try:
        seconds = float(stamp.low if isinstance(stamp, Long) else stamp or 0)
        if seconds <= 0:
            return None
        return datetime.fromtimestamp(seconds / 1_000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
