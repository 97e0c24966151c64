"""Webhook bodies of Evolution API as typed events.

The envelope is `{"event", "instance", "data", …}` with an event name in lower case and dots. Anything this version
has no use for, and any known event in an unknown shape, is an `OtherEvent`: a webhook is never refused for its data.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from anclora.kit.errors import InvalidError
from anclora.providers.contract import (
    ConnectionEvent,
    Event,
    InboundEvent,
    OtherEvent,
    OwnMessageEvent,
    ReceiptEvent,
)
from anclora.providers.evolution.shapes import EMPTY, UNREADABLE, Key, Long, fingerprint_in, kind_and_words, moment_of

# ruff: noqa: N815 - the names are the wire's

# Baileys names and numbers, and Meta's words as the Cloud channel passes them on. PENDING says only what the answer to
# the send said already. DELETED, EDITED, WARNING and the like are no steps on the way of a message.
RANKS: Mapping[str | int, int] = {
    "ERROR": 0, "FAILED": 0, 0: 0,
    "SERVER_ACK": 1, "SENT": 1, 2: 1,
    "DELIVERY_ACK": 2, "DELIVERED": 2, 3: 2,
    "READ": 3, 4: 3,
    "PLAYED": 4, 5: 4,
}  # fmt: skip

_NOBODY = ("status@broadcast", "@newsletter", "@broadcast")

T = TypeVar("T")


class _Envelope(msgspec.Struct):
    event: str
    data: msgspec.Raw = EMPTY


class _Upsert(msgspec.Struct):
    key: Key
    message: msgspec.Raw = EMPTY
    messageTimestamp: int | float | str | Long | None = None


class _Edit(msgspec.Struct):
    editedMessage: msgspec.Raw | None = None


class _Update(msgspec.Struct):
    keyId: str | None = None
    id: str | None = None  # v1.8
    status: str | int | None = None
    message: _Edit | None = None


class _Connection(msgspec.Struct):
    state: str
    statusReason: int | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_upsert, _upserts = msgspec.json.Decoder(_Upsert), msgspec.json.Decoder(list[_Upsert])
_update, _updates = msgspec.json.Decoder(_Update), msgspec.json.Decoder(list[_Update])
_connection = msgspec.json.Decoder(_Connection)


def _own(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    return [_message(item, now, by_api=True) for item in _each(data, _upsert, _upserts)]


def _upserted(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    return [_message(item, now, by_api=False) for item in _each(data, _upsert, _upserts)]


def _message(item: _Upsert, now: datetime, *, by_api: bool) -> Event:
    key = item.key
    peer = key.peer
    if not key.id or not peer:
        return OtherEvent(kind="send.message" if by_api else "messages.upsert")
    at = moment_of(item.messageTimestamp) or now
    if by_api or key.fromMe:
        return OwnMessageEvent(
            provider_id=key.id, recipient=peer, fingerprint=fingerprint_in(item.message), at=at, by_api=by_api
        )
    if peer.endswith(_NOBODY):
        return OtherEvent(kind="messages.upsert")
    _, words = kind_and_words(item.message)
    # Postgres text cannot hold NUL, and a sender must not be able to stop the batch his message is stored with.
    text = words.replace("\0", "�") if words else None
    return InboundEvent(provider_id=key.id, sender=peer, text=text, at=at)


def _updated(data: msgspec.Raw, _now: datetime) -> Sequence[Event]:
    return [_receipt(item) for item in _each(data, _update, _updates)]


def _receipt(item: _Update) -> Event:
    provider_id = item.keyId or item.id
    rank = None if item.status is None else RANKS.get(item.status)
    # 2.3.7 reports an edit as SERVER_ACK; the edited message beside it tells.
    if not provider_id or rank is None or (item.message is not None and item.message.editedMessage is not None):
        return OtherEvent(kind="messages.update")
    return ReceiptEvent(provider_id=provider_id, rank=rank)


def receipt_in(rows: object, provider_id: str) -> ReceiptEvent | None:
    """The farthest step among the stored acknowledgements of one message (contract 4, findStatusMessage)."""
    found = rows if isinstance(rows, list) else []
    words = [row.get("status") for row in found if isinstance(row, dict) and row.get("keyId") == provider_id]
    ranks = [rank for word in words if isinstance(word, str) and (rank := RANKS.get(word)) is not None]
    return ReceiptEvent(provider_id=provider_id, rank=max(ranks)) if ranks else None


def _connected(data: msgspec.Raw, _now: datetime) -> Sequence[Event]:
    connection = _connection.decode(data)
    return [ConnectionEvent(state=connection.state, reason=connection.statusReason)]


_READERS: Mapping[str, Callable[[msgspec.Raw, datetime], Sequence[Event]]] = {
    "send.message": _own,
    "messages.upsert": _upserted,
    "messages.update": _updated,
    "connection.update": _connected,
}


def _each(data: msgspec.Raw, one: msgspec.json.Decoder[T], many: msgspec.json.Decoder[list[T]]) -> Sequence[T]:
    """One object or a list of them: versions differ."""
    return many.decode(data) if bytes(data)[:1] == b"[" else (one.decode(data),)


def _mended(body: bytes) -> _Envelope:
    """Second reading, for half an emoji: JavaScript escapes lone surrogates, and the strict decoder refuses them."""
    try:
        whole = json.dumps(json.loads(body), ensure_ascii=False)
        return _envelope.decode(whole.encode(errors="replace"))
    except (*UNREADABLE, ValueError) as error:
        raise InvalidError(f"The body is no event of Evolution API: {error}.", code="not_an_event") from error


def parse(body: bytes, now: datetime) -> Sequence[Event]:
    """The events of one body.

    Args:
        body: as it was posted.
        now: stands in for the time of a message that carries none.

    Raises:
        InvalidError: it is not JSON of the envelope's shape.
    """
    try:
        envelope = _envelope.decode(body)
    except UNREADABLE:
        envelope = _mended(body)
    reader = _READERS.get(envelope.event)
    if reader is not None:
        try:
            return reader(envelope.data, now)
        except UNREADABLE:  # a shape of another version: kept raw, read by nobody
            return (OtherEvent(kind=envelope.event),)
    return (OtherEvent(kind=envelope.event),)
