"""What people wrote, in webhooks and look-ups: messages, edits, deletions; and what is said of people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

import msgspec

from anclora.providers.contract import (
    ContactEvent,
    Event,
    InboundEvent,
    OtherEvent,
    OwnMessageEvent,
    SaidChoice,
    SaidDelete,
    SaidEdit,
    SaidVote,
)
from anclora.providers.evolution.jids import address_of
from anclora.providers.evolution.message_shapes import Context, Number, Protocol
from anclora.providers.evolution.referral import referral_in
from anclora.providers.evolution.said import Words, changed, protocol_decoder, words_in
from anclora.providers.evolution.shapes import (
    ABSENT,
    EMPTY,
    UNREADABLE,
    WideKey,
    fingerprint_in,
    is_there,
    moment_of,
    without_nul,
)

# ruff: noqa: N815 - the names are the wire's

_NOBODY = ("status@broadcast", "@newsletter", "@broadcast")
_OFFLINE = timedelta(minutes=2)  # older when it is told, it waited for the number to come back

T = TypeVar("T")


class _Votes(msgspec.Struct):
    name: str | None = None
    voters: list[str] | None = None


class Upsert(msgspec.Struct):
    """One message as `messages.upsert` and the look-up show it."""

    key: WideKey
    message: msgspec.Raw = EMPTY
    messageTimestamp: Number = None
    pushName: str | None = None
    messageType: str | None = None
    contextInfo: msgspec.Raw = EMPTY
    pollUpdates: msgspec.Raw = EMPTY


class _Edited(msgspec.Struct):
    editedMessage: msgspec.Raw = ABSENT


class _Update(WideKey):
    keyId: str | None = None
    message: _Edited | None = None


class _Deleted(WideKey):
    key: WideKey | None = None


class _Contact(msgspec.Struct):
    remoteJid: str | None = None
    id: str | None = None  # v1.8
    pushName: str | None = None


_upsert, _upserts = msgspec.json.Decoder(Upsert), msgspec.json.Decoder(list[Upsert])
_update, _updates = msgspec.json.Decoder(_Update), msgspec.json.Decoder(list[_Update])
_deletion, _deletions = msgspec.json.Decoder(_Deleted), msgspec.json.Decoder(list[_Deleted])
_contact, _contacts = msgspec.json.Decoder(_Contact), msgspec.json.Decoder(list[_Contact])
_protocols = msgspec.json.Decoder(list[Protocol])
_context, _votes = msgspec.json.Decoder(Context), msgspec.json.Decoder(list[_Votes])


def each(data: msgspec.Raw, one: msgspec.json.Decoder[T], many: msgspec.json.Decoder[list[T]]) -> Sequence[T]:
    """One object or a list of them: versions differ."""
    return many.decode(data) if bytes(data)[:1] == b"[" else (one.decode(data),)


def upserted(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    """`messages.upsert`: somebody wrote, or somebody typed on the phone."""
    return [message(item, now) for item in each(without_nul(data), _upsert, _upserts)]


def message(item: Upsert, now: datetime) -> Event:
    """One message; `now` stands in for a time it does not carry, and tells whether it is late."""
    key = item.key
    if not key.id or not key.peer or key.peer.endswith(_NOBODY):
        return OtherEvent(kind="messages.upsert")
    words = _in_context(item, words_in(item.message, ref=key.id, kind=item.messageType))
    at = moment_of(item.messageTimestamp) or now
    provider_id = _id_of(words) if isinstance(words.said, SaidEdit | SaidDelete) else key.id
    if key.fromMe:
        return _typed(key, words, at, provider_id, fingerprint_in(item.message))
    event = _written(key, words, at, provider_id, name=item.pushName, offline=now - at > _OFFLINE)
    if b'"externalAdReply"' in bytes(item.contextInfo):
        return msgspec.structs.replace(event, referral=referral_in(item.contextInfo))
    return event


def _in_context(item: Upsert, words: Words) -> Words:
    """What the event says beside the message: what it answers, and the ticked answers of a poll."""
    said, quoted = words.said, words.quoted or _stanza(item.contextInfo)
    if isinstance(said, SaidVote) and said.options is None:
        said = SaidVote(target=said.target, options=_ticked(item.pollUpdates))
    elif isinstance(said, SaidChoice) and said.target is None and quoted:
        said = msgspec.structs.replace(said, target=quoted)
    return Words(said, words.text, quoted)


def _stanza(raw: msgspec.Raw) -> str | None:
    try:
        return _context.decode(raw).stanzaId
    except UNREADABLE:  # null, or another version's
        return None


def _ticked(raw: msgspec.Raw) -> tuple[str, ...] | None:
    """The answers of this voter (2.3.7 names no other); None = they were not decrypted."""
    try:
        return tuple(votes.name for votes in _votes.decode(raw) if votes.name and votes.voters)
    except UNREADABLE:
        return None


def edited(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    """`messages.edited`: fires for every message about a message (contract 6.4), so most say nothing to us."""
    return [_about(item, now, "messages.edited") for item in each(without_nul(data), protocol_decoder, _protocols)]


def edited_updates(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    """The edits in a `messages.update`, in their places: 2.3.7 tells the new words there too."""
    return [_edited(item, now) for item in each(without_nul(data), _update, _updates)]


def sent_update(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    """`send.message.update`: we edited one of ours."""
    return [
        msgspec.structs.replace(event, by_api=True) if isinstance(event, OwnMessageEvent) else event
        for item in each(without_nul(data), protocol_decoder, _protocols)
        for event in [_about(item, now, "send.message.update")]
    ]


def deleted(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    """`messages.delete`: the key alone from people, a whole row (with `key`) from our own request."""
    return [_deleted(item, now) for item in each(without_nul(data), _deletion, _deletions)]


def contacts(data: msgspec.Raw, _now: datetime) -> Sequence[Event]:
    """`contacts.upsert` and `.update`. A group there carries the name of whoever wrote in it: nobody's."""
    return [_known(item) for item in each(without_nul(data), _contact, _contacts)]


def _known(item: _Contact) -> Event:
    address = address_of(item.remoteJid or item.id or "")
    return (
        ContactEvent(addresses=(address,), name=item.pushName or None)
        if address
        else OtherEvent(kind="contacts.update")
    )


def _about(item: Protocol, now: datetime, kind: str) -> Event:
    words = changed(item)
    return OtherEvent(kind=kind) if words is None else _change(item.key, words, now, kind)


def _edited(item: _Update, now: datetime) -> Event:
    target = item.keyId or item.id
    if not target or item.message is None or not is_there(item.message.editedMessage):
        return OtherEvent(kind="messages.update")
    text = words_in(item.message.editedMessage, ref=target).text
    return _change(item, Words(SaidEdit(target=target, text=text), text), now, "messages.update")


def _deleted(item: _Deleted, now: datetime) -> Event:
    key = item.key or item
    if not key.id:
        return OtherEvent(kind="messages.delete")
    event = _change(key, Words(SaidDelete(target=key.id)), now, "messages.delete")
    by_api = item.key is not None and isinstance(event, OwnMessageEvent)
    return msgspec.structs.replace(event, by_api=True) if by_api else event


def _change(key: WideKey, words: Words, at: datetime, kind: str) -> Event:
    if not key.peer:
        return OtherEvent(kind=kind)
    provider_id = _id_of(words)
    return _typed(key, words, at, provider_id, None) if key.fromMe else _written(key, words, at, provider_id)


def _id_of(words: Words) -> str:
    """The id of an edit or a deletion: the same whichever event tells of it, so that it is heard once.

    By the words and not by the time of the edit, which only some events carry. Whoever edits back to words that an
    earlier edit had is therefore heard once with them.
    """
    said = words.said
    if isinstance(said, SaidEdit):
        return f"{said.target}/edit-{sha256((said.text or '').encode()).hexdigest()[:16]}"
    return f"{said.target}/delete" if isinstance(said, SaidDelete) else ""


def _typed(key: WideKey, words: Words, at: datetime, provider_id: str, fingerprint: str | None) -> OwnMessageEvent:
    return OwnMessageEvent(
        provider_id=provider_id,
        recipient=key.peer,
        fingerprint=fingerprint,
        at=at,
        by_api=False,
        said=words.said,
        text=words.text,
        quoted=words.quoted,
        addresses=() if key.group else key.addresses,
    )


def _written(
    key: WideKey, words: Words, at: datetime, provider_id: str, *, name: str | None = None, offline: bool = False
) -> InboundEvent:
    return InboundEvent(
        provider_id=provider_id,
        sender=key.writer,
        text=words.text or None,
        at=at,
        said=words.said,
        addresses=key.addresses,
        name=name or None,
        group=key.group,
        quoted=words.quoted,
        offline=offline,
    )
