"""Webhook bodies of Evolution API as typed events.

The envelope is `{"event", "instance", "data", …}` with an event name in lower case and dots. Anything this version
has no use for, and any known event in an unknown shape, is an `OtherEvent`: a webhook is never refused for its data.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from anclora.kit.errors import InvalidError
from anclora.providers.contract import (
    ConnectionEvent,
    Event,
    OtherEvent,
    OwnMessageEvent,
    PairingEvent,
    ReceiptEvent,
)
from anclora.providers.evolution import heard
from anclora.providers.evolution.message_shapes import Number
from anclora.providers.evolution.ranks import RANKS
from anclora.providers.evolution.shapes import ABSENT, EMPTY, UNREADABLE, Key, fingerprint_in, is_there, moment_of

# ruff: noqa: N815 - the names are the wire's


class _Envelope(msgspec.Struct):
    event: str
    data: msgspec.Raw = EMPTY


class _Own(msgspec.Struct):
    key: Key
    message: msgspec.Raw = EMPTY
    messageTimestamp: Number = None


class _Edit(msgspec.Struct):
    editedMessage: msgspec.Raw = ABSENT


class _Update(msgspec.Struct):
    keyId: str | None = None
    id: str | None = None  # v1.8
    status: str | int | None = None
    message: _Edit | None = None


class _Connection(msgspec.Struct):
    state: str
    statusReason: int | None = None


class _Pairing(msgspec.Struct):
    code: str | None = None
    pairingCode: str | None = None
    count: int | None = None


class _Qr(msgspec.Struct):
    qrcode: _Pairing | None = None


class _Closed(msgspec.Struct):
    disconnectionReasonCode: int | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_own_one, _own_many = msgspec.json.Decoder(_Own), msgspec.json.Decoder(list[_Own])
_update, _updates = msgspec.json.Decoder(_Update), msgspec.json.Decoder(list[_Update])
_connection = msgspec.json.Decoder(_Connection)
_qr, _closed = msgspec.json.Decoder(_Qr), msgspec.json.Decoder(_Closed)


def _own(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    """Our own sends: one each second of a busy number, so nothing is read but what a message is known by."""
    return [_sent(item, now) for item in heard.each(data, _own_one, _own_many)]


def _sent(item: _Own, now: datetime) -> Event:
    key = item.key
    peer = key.peer
    if not key.id or not peer:
        return OtherEvent(kind="send.message")
    return OwnMessageEvent(
        provider_id=key.id,
        recipient=peer,
        fingerprint=fingerprint_in(item.message),
        at=moment_of(item.messageTimestamp) or now,
        by_api=True,
    )


def _updated(data: msgspec.Raw, now: datetime) -> Sequence[Event]:
    items = heard.each(data, _update, _updates)
    events = [_receipt(item) for item in items]
    # 2.3.7 reports an edit as SERVER_ACK; the edited message beside it tells.
    edits = [item.message is not None and is_there(item.message.editedMessage) for item in items]
    if any(edits):
        told = heard.edited_updates(data, now)
        return [new if edit else old for old, new, edit in zip(events, told, edits, strict=True)]
    return events


def _receipt(item: _Update) -> Event:
    provider_id = item.keyId or item.id
    rank = None if item.status is None else RANKS.get(item.status)
    if not provider_id or rank is None:
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


def _paired(data: msgspec.Raw, _now: datetime) -> Sequence[Event]:
    found = _qr.decode(data).qrcode
    if found is None:  # it shows no more of them: `connection.update` says refused beside it
        return [OtherEvent(kind="qrcode.updated")]
    return [PairingEvent(qr=found.code, pairing_code=found.pairingCode, count=found.count)]


def _ended(data: msgspec.Raw, _now: datetime) -> Sequence[Event]:
    return [ConnectionEvent(state="close", reason=_closed.decode(data).disconnectionReasonCode)]


_READERS: Mapping[str, Callable[[msgspec.Raw, datetime], Sequence[Event]]] = {
    "send.message": _own,
    "messages.upsert": heard.upserted,
    "messages.update": _updated,
    "messages.edited": heard.edited,
    "messages.delete": heard.deleted,
    "send.message.update": heard.sent_update,
    "contacts.upsert": heard.contacts,
    "contacts.update": heard.contacts,
    "connection.update": _connected,
    "qrcode.updated": _paired,
    "status.instance": _ended,
    "logout.instance": lambda _data, _now: [ConnectionEvent(state="logged_out", reason=None)],
    "remove.instance": lambda _data, _now: [ConnectionEvent(state="removed", reason=None)],
}


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
