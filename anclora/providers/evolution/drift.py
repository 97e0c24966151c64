"""What of a webhook's members this version knows; the rest is drift, a sign that the server was updated.

Only what we read is looked into: the envelope, and in messages the key, the message's own members and what is beside
them. Known means known to exist, whether we use it or not.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from anclora.providers.evolution.said import KNOWN
from anclora.providers.evolution.shapes import EMPTY, UNREADABLE

_ENVELOPE = frozenset(
    (
        "event",
        "instance",
        "data",
        "destination",
        "date_time",
        "sender",
        "server_url",
        "apikey",
        "api_key",
        "isLatest",
        "progress",
    )
)
_KEY = frozenset(
    (
        *("id", "remoteJid", "remoteJidAlt", "fromMe", "participant", "participantAlt", "addressingMode", "senderPn"),
        *("senderLid", "previousRemoteJid", "participantPn", "participantLid", "profilePicUrl", "deleted", "server_id"),
        "isViewOnce",
    )
)
_UPSERT = frozenset(
    (
        *("key", "pushName", "status", "message", "contextInfo", "messageType", "messageTimestamp", "instanceId"),
        *("source", "pollUpdates", "owner", "chatwootMessageId", "chatwootInboxId", "chatwootConversationId"),
        *("webhookUrl", "participant", "broadcast", "verifiedBizName", "sessionId", "reactions"),
    )
)
_UPDATE = frozenset(
    (
        *("messageId", "keyId", "remoteJid", "fromMe", "participant", "status", "pollUpdates", "instanceId", "message"),
        *("id", "datetime", "owner", "remoteJidAlt", "participantAlt", "addressingMode", "senderPn"),
    )
)
_CONNECTION = frozenset(("instance", "state", "statusReason", "wuid", "profileName", "profilePictureUrl", "number"))
_DATA: Mapping[str, AbstractSet[str]] = {
    "messages.upsert": _UPSERT,
    "send.message": _UPSERT,
    "messages.update": _UPDATE,
    "messages.edited": frozenset(("key", "type", "editedMessage", "timestampMs", "ephemeralExpiration")),
    "send.message.update": frozenset(("key", "type", "editedMessage", "timestampMs")),
    "messages.delete": _KEY | _UPSERT,
    "connection.update": _CONNECTION,
    "qrcode.updated": frozenset(("qrcode", "message", "statusCode")),
    "status.instance": frozenset(
        ("instance", "status", "disconnectionAt", "disconnectionReasonCode", "disconnectionObject")
    ),
    "contacts.upsert": frozenset(("remoteJid", "pushName", "profilePicUrl", "instanceId", "id", "owner")),
    "contacts.update": frozenset(("remoteJid", "pushName", "profilePicUrl", "instanceId", "id", "owner")),
}
# Events we know of and read nothing in.
_OTHERS = frozenset(
    (
        *("messages.set", "contacts.set", "chats.set", "chats.upsert", "chats.update", "chats.delete", "groups.upsert"),
        *(
            "groups.update",
            "group.update",
            "group-participants.update",
            "presence.update",
            "labels.edit",
            "call",
            "error",
        ),
        *("labels.association", "typebot.start", "typebot.change-status", "instance.create", "instance.delete"),
        *("logout.instance", "remove.instance", "application.startup", "messaging-history.set", "new.jwt"),
        *("messages.reaction", "creds.update", "chama-ai.action"),
    )
)
# Messages we know of and have no class for: stored as `other`, and no news.
_UNREAD = frozenset(
    (
        *(
            "pollCreationMessageV4",
            "pollCreationMessageV5",
            "eventMessage",
            "encEventResponseMessage",
            "productMessage",
        ),
        *("orderMessage", "invoiceMessage", "buttonsMessage", "listMessage", "templateMessage", "interactiveMessage"),
        *("call", "callLogMesssage", "groupInviteMessage", "pinInChatMessage", "keepInChatMessage", "albumMessage"),
        *("stickerSyncRmrMessage", "secretEncryptedMessage", "commentMessage", "requestPhoneNumberMessage"),
        *("title", "description", "footer", "buttons", "quoted", "speechToText", "contact", "encReactionMessage"),
        *("sendPaymentMessage", "requestPaymentMessage", "highlyStructuredMessage", "placeholderMessage"),
    )
)
_MESSAGE = KNOWN | _UNREAD
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_many = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_LONGEST, _MOST = 80, 20


class _Head(msgspec.Struct):
    event: str
    data: msgspec.Raw = EMPTY


_head = msgspec.json.Decoder(_Head)


def unfamiliar(body: bytes) -> Sequence[tuple[str, str]]:
    """The event, and the dotted path of each member nobody has heard of; `event` = the event itself."""
    try:
        head = _head.decode(body)
        found = dict.fromkeys((head.event, path) for path in _paths(head.event, body, head.data))
    except UNREADABLE:
        return ()
    short = [(event, path) for event, path in found if len(event) <= _LONGEST and len(path) <= _LONGEST]
    return [pair for pair in short if "\0" not in "".join(pair)][:_MOST]


def _paths(event: str, body: bytes, data: msgspec.Raw) -> Iterator[str]:
    yield from _members.decode(body).keys() - _ENVELOPE
    known = _DATA.get(event)
    if known is None:
        if event not in _OTHERS:
            yield "event"
        return
    for item in _items(data):
        yield from (f"data.{name}" for name in item.keys() - known)
        for name, inner in (("key", _KEY), ("message", _MESSAGE)):
            if name in item and event != "messages.update":
                yield from (f"data.{name}.{member}" for member in _names(item[name]) - inner)


def _items(data: msgspec.Raw) -> Sequence[dict[str, msgspec.Raw]]:
    start = bytes(data)[:1]
    return _many.decode(data) if start == b"[" else (_members.decode(data),) if start == b"{" else ()


def _names(raw: msgspec.Raw) -> AbstractSet[str]:
    return _members.decode(raw).keys() if bytes(raw)[:1] == b"{" else frozenset()
