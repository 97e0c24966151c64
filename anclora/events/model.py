"""The nouns of what happened."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from anclora.kit.ids import new_id


class EventType(StrEnum):
    """Everything integrators can hear of. The names are a promise: none changes its meaning."""

    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_READ = "message.read"
    MESSAGE_PLAYED = "message.played"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_DEAD = "message.dead"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_TYPED = "message.typed"  # on the phone of one of our numbers
    INSTANCE_STATUS = "instance.status"
    TEMPLATE_STATUS = "template.status"


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        id: a UUID version 7; deliveries carry it, so that whoever hears twice knows.
        subject: what it happened to, `message:<id>`, `contact:<phone>` or `instance:<name>`; those of one subject are
            told in order.
        data: the facts, JSON.
    """

    type: EventType
    subject: str
    instance: str
    at: datetime
    data: dict[str, Any]
    id: UUID = msgspec.field(default_factory=new_id)
