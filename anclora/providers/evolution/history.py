"""What a look-up of a span of time shows (contract 4, findMessages): messages of both sides, and how far ours came."""

from datetime import datetime

import msgspec

from anclora.kit.errors import UnavailableError
from anclora.providers.contract import Event, HeardPage, InboundEvent, OwnMessageEvent, ReceiptEvent
from anclora.providers.evolution.heard import Upsert, message
from anclora.providers.evolution.ranks import RANKS
from anclora.providers.evolution.shapes import UNREADABLE, without_nul

# What Baileys gives to messages it sends itself; phones and their own desktops have others (contract 6.1, `source`).
_OF_THE_SERVER = ("web", "unknown")


class _Reached(msgspec.Struct):
    status: str | int | None = None


class Record(Upsert):
    """One message as the look-up shows it, with the steps it went."""

    source: str | None = None
    MessageUpdate: tuple[_Reached, ...] = ()


class _Page(msgspec.Struct):
    records: list[Record]
    pages: int = 1


class _Found(msgspec.Struct):
    messages: _Page


_found = msgspec.json.Decoder(_Found)


def page_of(body: bytes, page: int, now: datetime, shown: str) -> HeardPage:
    """A page as the server answered it; `shown` is its URL for people.

    Raises:
        UnavailableError: it is in a form nobody knows.
    """
    try:
        found = _found.decode(without_nul(msgspec.Raw(body))).messages
    except UNREADABLE as error:
        raise UnavailableError(f"{shown} sent a look-up in a form nobody knows.") from error
    events = [event for record in found.records for event in recorded(record, now)]
    return HeardPage(events=events, more=page < found.pages)


def recorded(record: Record, now: datetime) -> list[Event]:
    """What a row of the look-up tells: the message, and how far one of ours came.

    The server does not store who asked for a message. What it sent itself counts as ours (`by_api`): as evidence of a
    send, never as something typed on the phone.
    """
    event = message(record, now)
    if not isinstance(event, OwnMessageEvent):
        return [event] if isinstance(event, InboundEvent) else []
    told: list[Event] = [msgspec.structs.replace(event, by_api=record.source in _OF_THE_SERVER)]
    ranks = [
        rank
        for step in record.MessageUpdate
        if step.status is not None and (rank := RANKS.get(step.status)) is not None
    ]
    # An error beside a delivery says nothing any more; alone it does.
    return [*told, ReceiptEvent(provider_id=event.provider_id, rank=max(ranks))] if ranks else told
