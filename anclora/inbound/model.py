"""The nouns of what arrives."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from anclora.kit.ids import new_id_text
from anclora.providers.contract import (
    AccountEvent,
    ConnectionEvent,
    ContactEvent,
    Event,
    InboundEvent,
    OtherEvent,
    OwnMessageEvent,
    PairingEvent,
    ReceiptEvent,
    TemplateEvent,
)

_LONGEST_KIND = 60
_KINDS: Mapping[type[Event], str] = {
    ReceiptEvent: "receipt",
    OwnMessageEvent: "own_message",
    InboundEvent: "inbound",
    ConnectionEvent: "connection",
    PairingEvent: "pairing",
    ContactEvent: "contact",
    TemplateEvent: "template",
    AccountEvent: "account",
}


class Delivery(msgspec.Struct, frozen=True):
    """One webhook: the raw body and what was read from it.

    Attributes:
        id: a UUID version 7, as text.
        kind: what its first event is, for people and counts.
    """

    id: str
    instance: str
    kind: str
    body: bytes
    events: Sequence[Event]

    @property
    def says_something(self) -> bool:
        """Whether there is anything to apply."""
        return any(type(event) is not OtherEvent for event in self.events)


class Stored(msgspec.Struct, frozen=True):
    """Webhooks of one commit that are to be applied.

    Attributes:
        id: of their row in `inbound_unapplied`.
        at: when they arrived, by the ledger's clock.
    """

    id: int
    at: datetime
    deliveries: Sequence[Delivery]


def deliver(instance: str, body: bytes, events: Sequence[Event], *, known_as: str | None = None) -> Delivery:
    """A webhook as it came; `known_as` is the id it has in the ledger already."""
    return Delivery(known_as or new_id_text(), instance, _kind(events), body, events)


def _kind(events: Sequence[Event]) -> str:
    if not events:
        return "empty"
    first = events[0]
    if isinstance(first, OtherEvent):
        return first.kind[:_LONGEST_KIND].replace("\x00", "")
    return _KINDS[type(first)]
