"""Webhook bodies of the Cloud API as typed events: every entry, every change, every message and status, each once.

The body is `{"object", "entry": [{"id", "changes": [{"field", "value"}]}]}`. Each part is read on its own: what has a
shape nobody knows becomes an `OtherEvent` and hides none of its neighbours. Statuses carry our reference.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from anclora.kit.errors import InvalidError
from anclora.providers.cloud import inbound
from anclora.providers.cloud.errors import UNREADABLE, GraphError, late_refusal, late_text
from anclora.providers.cloud.numbers import digits_of, people_of
from anclora.providers.cloud.shapes import EMPTY, Metadata, list_in, read
from anclora.providers.contract import AccountEvent, Event, OtherEvent, ReceiptEvent, TemplateEvent

# Meta's words for how far a message came. `deleted` and `warning` are no steps on its way.
RANKS: Mapping[str, int] = {"failed": 0, "sent": 1, "delivered": 2, "read": 3, "played": 4}
OBJECT = "whatsapp_business_account"
ACCOUNT = ""
"""The number of events that are about none."""

Heard = tuple[str, Event]
T = TypeVar("T")


class _Envelope(msgspec.Struct):
    object: str = ""
    entry: msgspec.Raw = EMPTY


class _Entry(msgspec.Struct):
    changes: msgspec.Raw = EMPTY


class _Change(msgspec.Struct):
    field: str = ""
    value: msgspec.Raw = EMPTY


class _Value(msgspec.Struct):
    metadata: msgspec.Raw = EMPTY
    contacts: msgspec.Raw = EMPTY
    messages: msgspec.Raw = EMPTY
    message_echoes: msgspec.Raw = EMPTY
    statuses: msgspec.Raw = EMPTY
    errors: msgspec.Raw = EMPTY


class _Status(msgspec.Struct):
    id: str
    status: str
    recipient_id: str | None = None
    biz_opaque_callback_data: str | None = None
    errors: msgspec.Raw = EMPTY


class _Template(msgspec.Struct):
    event: str
    message_template_name: str
    message_template_language: str
    reason: str | None = None


class _Quality(msgspec.Struct):
    display_phone_number: str | None = None
    event: str | None = None
    max_daily_conversations_per_business: str | int | None = None
    current_limit: str | None = None


class _Account(msgspec.Struct):
    event: str | None = None
    decision: str | None = None
    phone_number: str | None = None
    ban_info: msgspec.Raw = EMPTY
    violation_info: msgspec.Raw = EMPTY
    restriction_info: msgspec.Raw = EMPTY


_envelope = msgspec.json.Decoder(_Envelope)
_entry, _change = msgspec.json.Decoder(_Entry), msgspec.json.Decoder(_Change)
_value = msgspec.json.Decoder(_Value)
_status = msgspec.json.Decoder(_Status)
_error = msgspec.json.Decoder(GraphError)
_template = msgspec.json.Decoder(_Template)
_quality = msgspec.json.Decoder(_Quality)
_account = msgspec.json.Decoder(_Account)


def split(body: bytes, now: datetime) -> Sequence[tuple[str, Sequence[Event]]]:
    """The events of one body, grouped by phone number id in the order they stand there; "" = the account's.

    Args:
        body: as it was posted.
        now: stands in for the time of a message that carries none.

    Raises:
        InvalidError: it is not JSON of the envelope's shape.
    """
    groups: dict[str, list[Event]] = {}
    for number, event in _walk(_opened(body), now):
        groups.setdefault(number, []).append(event)
    return list(groups.items())


def _opened(body: bytes) -> _Envelope:
    if b"\\u0000" in body:  # Postgres text cannot hold NUL, and one sender must not spoil what came with his words
        body = body.replace(b"\\u0000", b"\\ufffd")
    try:
        return _envelope.decode(body)
    except UNREADABLE:
        pass
    try:  # second reading, for half an emoji: the strict decoder refuses lone surrogates
        whole = json.dumps(json.loads(body), ensure_ascii=False)
        return _envelope.decode(whole.encode(errors="replace"))
    except (*UNREADABLE, ValueError) as error:
        raise InvalidError(f"The body is no webhook of Meta: {error}.", code="not_an_event") from error


def _walk(envelope: _Envelope, now: datetime) -> Iterator[Heard]:
    if envelope.object != OBJECT:
        yield ACCOUNT, OtherEvent(kind=f"object.{envelope.object}")
        return
    entries = list_in(envelope.entry)
    if entries is None:
        yield ACCOUNT, OtherEvent(kind="entry")
    for raw in entries or ():
        entry = read(_entry, raw)
        changes = list_in(entry.changes) if entry is not None else None
        if changes is None:
            yield ACCOUNT, OtherEvent(kind="entry.changes")
        for each in changes or ():
            change = read(_change, each)
            if change is None:
                yield ACCOUNT, OtherEvent(kind="changes")
            else:
                yield from _FIELDS.get(change.field, _unknown_field)(change, now)


def _unknown_field(change: _Change, _now: datetime) -> Iterator[Heard]:
    yield ACCOUNT, OtherEvent(kind=change.field or "changes")


def _traffic(change: _Change, now: datetime) -> Iterator[Heard]:
    """Messages, echoes of what was typed on the phone, statuses and errors of one number."""
    value = read(_value, change.value)
    if value is None:
        yield ACCOUNT, OtherEvent(kind=change.field)
        return
    metadata = read(inbound.metadata, value.metadata) or Metadata()
    number = metadata.phone_number_id or ACCOUNT
    people = inbound.people_in(value.contacts)
    ours = {number, digits_of(metadata.display_phone_number)}
    for event in _items(value.messages, "messages", lambda raw: inbound.message(raw, people, ours, now)):
        yield number, event
    for event in _items(value.message_echoes, "message_echoes", lambda raw: inbound.echo(raw, now)):
        yield number, event
    for event in _items(value.statuses, "statuses", _receipt):
        yield number, event
    for event in _items(value.errors, "errors", lambda _raw: OtherEvent(kind="errors")):
        yield number, event


def _items(raw: msgspec.Raw, kind: str, event_of: Callable[[msgspec.Raw], Event]) -> Iterator[Event]:
    items = list_in(raw)
    if items is None:
        yield OtherEvent(kind=kind)
    for item in items or ():
        try:
            yield event_of(item)
        except UNREADABLE:  # another version's shape: kept raw, read by nobody
            yield OtherEvent(kind=kind)


def _receipt(raw: msgspec.Raw) -> Event:
    status = _status.decode(raw)
    rank = RANKS.get(status.status)
    if rank is None or not status.id:
        return OtherEvent(kind="statuses")
    if rank > 0:
        return ReceiptEvent(provider_id=status.id, rank=rank, reference=status.biz_opaque_callback_data)
    found = (read(_error, each) for each in list_in(status.errors) or ())
    errors = [each for each in found if each is not None]
    return ReceiptEvent(
        provider_id=status.id,
        rank=0,
        text=late_text(errors),
        reference=status.biz_opaque_callback_data,
        refusal=late_refusal(errors),
        recipient=status.recipient_id,
    )


def _templates(change: _Change, _now: datetime) -> Iterator[Heard]:
    said = _template.decode(change.value)
    reason = said.reason if said.reason not in (None, "", "NONE") else None
    yield (
        ACCOUNT,
        TemplateEvent(
            name=said.message_template_name,
            language=said.message_template_language,
            status=said.event,
            reason=reason,
        ),
    )


def _qualities(change: _Change, _now: datetime) -> Iterator[Heard]:
    """A new limit of a number, or of all of them: `business_capability_update` names none."""
    said = _quality.decode(change.value)
    tier = said.max_daily_conversations_per_business or said.current_limit
    # A throughput upgrade repeats its own level in the place of the tier.
    known = str(tier) if tier and said.event != "THROUGHPUT_UPGRADE" else None
    number = digits_of(said.display_phone_number)
    yield ACCOUNT, AccountEvent(tier=known, text=said.event, number=number, people=people_of(known))


def _accounts(change: _Change, _now: datetime) -> Iterator[Heard]:
    said = _account.decode(change.value)
    details = (bytes(raw).decode() for raw in (said.ban_info, said.violation_info, said.restriction_info))
    words = [said.event or said.decision or change.field, *(text for text in details if text)]
    yield ACCOUNT, AccountEvent(text=" ".join(words)[:300], number=digits_of(said.phone_number))


def _safely(reader: Callable[[_Change, datetime], Iterator[Heard]]) -> Callable[[_Change, datetime], Iterator[Heard]]:
    """A reader whose field may come in a shape nobody knows."""

    def reading(change: _Change, now: datetime) -> Iterator[Heard]:
        try:
            found = list(reader(change, now))
        except UNREADABLE:
            found = [(ACCOUNT, OtherEvent(kind=change.field))]
        yield from found

    return reading


_FIELDS: Mapping[str, Callable[[_Change, datetime], Iterator[Heard]]] = {
    "messages": _traffic,
    "smb_message_echoes": _traffic,
    "message_template_status_update": _safely(_templates),
    "phone_number_quality_update": _safely(_qualities),
    "business_capability_update": _safely(_qualities),
    "account_update": _safely(_accounts),
    "account_review_update": _safely(_accounts),
    "account_alerts": _safely(_accounts),
}
