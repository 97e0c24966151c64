"""What a `message` object of Evolution API says (contract 6.1), as one typed value.

Only the member that speaks is decoded; keys, thumbnails and whole files beside it are never built. What nobody knows a
class for, and any known member in an unknown shape, is a `SaidOther` with the member's name: nothing is refused.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from anclora.providers.contract import (
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
from anclora.providers.evolution.message_shapes import (
    Card,
    Cards,
    Choice,
    Context,
    Flow,
    Interactive,
    Media,
    Place,
    Poll,
    PollUpdate,
    Protocol,
    Reaction,
    Text,
    Wrapped,
    number,
)
from anclora.providers.evolution.shapes import UNREADABLE, is_there
from anclora.providers.evolution.vcard import card_in

_DEPTH = 4
_WRAPPERS = (
    "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension", "groupMentionedMessage",
    "documentWithCaptionMessage", "lottieStickerMessage", "deviceSentMessage", "editedMessage",
)  # fmt: skip
# Beside what is said: keys and secrets, no words.
SILENT = frozenset(("messageContextInfo", "senderKeyDistributionMessage", "contextInfo", "base64", "mediaUrl"))
_REVOKE = ("REVOKE", 0)
_PARAMS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STRING = msgspec.json.Decoder(str)


class Words(NamedTuple):
    """What a message says.

    Attributes:
        said: all of it.
        text: the words of it.
        quoted: the id of the message it answers.
    """

    said: Said
    text: str | None = None
    quoted: str | None = None


class _Plain(msgspec.Struct):
    conversation: str | None = None


_plain = msgspec.json.Decoder(_Plain)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_media, _text, _wrapped = msgspec.json.Decoder(Media), msgspec.json.Decoder(Text), msgspec.json.Decoder(Wrapped)
_place, _card, _cards = msgspec.json.Decoder(Place), msgspec.json.Decoder(Card), msgspec.json.Decoder(Cards)
_reaction, _poll_update = msgspec.json.Decoder(Reaction), msgspec.json.Decoder(PollUpdate)
_choice, _interactive = msgspec.json.Decoder(Choice), msgspec.json.Decoder(Interactive)
_poll = msgspec.json.Decoder(Poll)
protocol_decoder = msgspec.json.Decoder(Protocol)


def words_in(raw: msgspec.Raw, *, ref: str, kind: str | None = None) -> Words:
    """What a `message` object says.

    Args:
        raw: its JSON.
        ref: the id of the message; files are fetched by it (getBase64FromMediaMessage), except those of the Cloud
            channel, which have Meta's own.
        kind: the event's `messageType`; the Cloud channel shows answers to buttons and lists by it alone.
    """
    with contextlib.suppress(*UNREADABLE):  # the short way of most messages
        if (text := _plain.decode(raw).conversation) is not None:
            return _conversation(text, kind)
    members = _opened(raw)
    for name, reader in _READERS.items():
        if name in members:
            try:
                return reader(name, members[name], ref, kind)
            except UNREADABLE:  # another version's shape: its name is all we know of it
                return Words(SaidOther(kind=name))
    return Words(SaidOther(kind=_unknown(members) or kind or "empty"))


def members_of(raw: msgspec.Raw) -> frozenset[str]:
    """The names in a `message` object, wrappers opened."""
    return frozenset(_opened(raw))


def _opened(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """The members of the innermost message; an edit wraps its new one in a bare `message`."""
    members: dict[str, msgspec.Raw] = {}
    for _ in range(_DEPTH):
        try:
            members = _members.decode(raw)
            wrapper = next((name for name in _WRAPPERS if name in members), None)
            if members.keys() == {"message"}:
                raw = members["message"]
            elif wrapper is None or members.keys() & _READERS.keys():
                break
            else:
                raw = _wrapped.decode(members[wrapper]).message
        except UNREADABLE:
            break
    return members


def _unknown(members: Mapping[str, object]) -> str | None:
    """What it calls itself, as the server names it: the first member that is a message."""
    return next((name for name in members if name not in SILENT), None)


def _stanza(context: Context | None) -> str | None:
    return context.stanzaId if context is not None else None


def _conversation(text: str, kind: str | None) -> Words:
    if kind in ("interactiveMessage", "buttonMessage"):  # the Cloud channel keeps the title alone
        return Words(SaidChoice(id="", title=text), text)
    return Words(SaidText(text=text), text)


def _extended(_name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _text.decode(raw)
    return Words(SaidText(text=found.text or ""), found.text, _stanza(found.contextInfo))


def _file(name: str, raw: msgspec.Raw, ref: str, _kind: str | None) -> Words:
    found = _media.decode(raw)
    kind = {"ptv": "video"}.get(short := name.removesuffix("Message"), short)
    called = found.fileName or found.filename or (found.title if kind == "document" else None)
    said = SaidMedia(
        kind=kind,
        mimetype=found.mimetype or found.mime_type,
        caption=found.caption,
        file_name=called,
        ref=found.id or ref,
        bytes=number(found.fileLength),
        seconds=number(found.seconds),
    )
    text = found.caption or (called if kind == "document" else None)
    return Words(said, text, _stanza(found.contextInfo))


def _location(name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _place.decode(raw)
    said = SaidLocation(
        latitude=found.degreesLatitude,
        longitude=found.degreesLongitude,
        name=found.name,
        address=found.address,
        live=name.startswith("live"),
    )
    return Words(said, None, _stanza(found.contextInfo))


def _one_card(_name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _card.decode(raw)
    return Words(SaidContacts(contacts=(card_in(found.vcard, found.displayName),)), None, _stanza(found.contextInfo))


def _many_cards(_name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _cards.decode(raw)
    cards = tuple(card_in(card.vcard, card.displayName) for card in found.contacts)
    return Words(SaidContacts(contacts=cards), None, _stanza(found.contextInfo))


def _reacted(_name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _reaction.decode(raw)
    return Words(SaidReaction(target=found.key.id or "", emoji=found.text or ""))


def _voted(_name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _poll_update.decode(raw)
    options = found.vote.selectedOptions if found.vote else None
    target = found.pollCreationMessageKey.id or ""
    return Words(SaidVote(target=target, options=None if options is None else tuple(options)))


def _chosen(_name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _choice.decode(raw)
    row = found.singleSelectReply.selectedRowId if found.singleSelectReply else None
    chosen = found.selectedButtonId or found.selectedId or row or ""
    title, target = found.selectedDisplayText or found.title, _stanza(found.contextInfo)
    return Words(SaidChoice(id=chosen, title=title, target=target), title, target)


def _flowed(_name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _interactive.decode(raw)
    flow = found.nativeFlowResponseMessage or Flow()
    title, target = found.body.text if found.body else None, _stanza(found.contextInfo)
    chosen = flow.name or ""
    with contextlib.suppress(*UNREADABLE):  # the answers of a form have no id
        chosen = _STRING.decode(_PARAMS.decode(flow.paramsJson or "{}").get("id", b'""')) or chosen
    return Words(SaidChoice(id=chosen, title=title, target=target), title, target)


def _asked(name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    found = _poll.decode(raw)
    return Words(SaidOther(kind=name), found.name, _stanza(found.contextInfo))


def _about(name: str, raw: msgspec.Raw, _ref: str, _kind: str | None) -> Words:
    return changed(protocol_decoder.decode(raw)) or Words(SaidOther(kind=name))


def changed(protocol: Protocol) -> Words | None:
    """The edit or the deletion a protocol message stands for; None = neither."""
    target = protocol.key.id
    if not target:
        return None
    if is_there(protocol.editedMessage):
        text = words_in(protocol.editedMessage, ref=target).text
        return Words(SaidEdit(target=target, text=text), text)
    return Words(SaidDelete(target=target)) if protocol.type in _REVOKE else None


_Reader = Callable[[str, msgspec.Raw, str, str | None], Words]
_READERS: Mapping[str, _Reader] = {
    "conversation": lambda _name, raw, _ref, kind: _conversation(_STRING.decode(raw), kind),
    "extendedTextMessage": _extended,
    **dict.fromkeys((f"{kind}Message" for kind in ("image", "video", "ptv", "audio", "document", "sticker")), _file),
    "locationMessage": _location,
    "liveLocationMessage": _location,
    "contactMessage": _one_card,
    "contactsArrayMessage": _many_cards,
    "reactionMessage": _reacted,
    "pollUpdateMessage": _voted,
    "buttonsResponseMessage": _chosen,
    "templateButtonReplyMessage": _chosen,
    "listResponseMessage": _chosen,
    "interactiveResponseMessage": _flowed,
    "protocolMessage": _about,
    **dict.fromkeys(("pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3"), _asked),
}
KNOWN = frozenset((*_READERS, *_WRAPPERS, *SILENT))
