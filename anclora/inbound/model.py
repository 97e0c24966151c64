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
_ACCOUNT = "@"


class Delivery(msgspec.Struct, frozen=True):
    """One webhook: the raw body and what was read from it.

    Attributes:
        id: a UUID version 7, as text.
        kind: what its first event is, for people and counts.
        parts: of a webhook that speaks of several numbers: its events, each under the number it is about.
    """

    id: str
    instance: str
    kind: str
    body: bytes
    events: Sequence[Event]
    parts: "Sequence[Delivery]" = ()

    @property
    def says_something(self) -> bool:
        """Whether there is anything to apply."""
        return any(type(event) is not OtherEvent for event in self.events)

    @property
    def heard(self) -> "Sequence[Delivery]":
        """What is to be applied: the webhook itself, or its parts."""
        return self.parts or (self,)


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


def deliver_shared(
    provider: str, body: bytes, groups: Sequence[tuple[str, Sequence[Event]]], *, known_as: str | None = None
) -> Delivery:
    """A webhook that speaks of several numbers: one row under the name of the account, applied number by number.

    A part holds one event, so that one which cannot be applied costs no other.

    Args:
        provider: whose account it is.
        body: as it came.
        groups: its events by number; "" = the account's own.
        known_as: the id it has in the ledger already.
    """
    account, row_id = account_of(provider), known_as or new_id_text()
    events = [event for _, some in groups for event in some]
    parts = [
        Delivery(row_id, number or account, _kind((event,)), b"", (event,))
        for number, some in groups
        for event in some
        if type(event) is not OtherEvent
    ]
    return Delivery(row_id, account, _kind(events), body, events, parts)


def account_of(provider: str) -> str:
    """The name that shared webhooks of a provider are stored under; no number is called so."""
    return _ACCOUNT + provider


def provider_of(instance: str) -> str | None:
    """The provider whose account this is; None = it is no account's name."""
    return instance.removeprefix(_ACCOUNT) if instance.startswith(_ACCOUNT) else None


def _kind(events: Sequence[Event]) -> str:
    if not events:
        return "empty"
    first = events[0]
    if isinstance(first, OtherEvent):
        return first.kind[:_LONGEST_KIND].replace("\x00", "")
    return _KINDS[type(first)]
