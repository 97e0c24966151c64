"""The nouns of what happened."""

from collections.abc import Iterable
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
    MESSAGE_EXPIRED = "message.expired"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_TYPED = "message.typed"  # on the phone of one of our numbers
    INSTANCE_STATUS = "instance.status"
    TEMPLATE_STATUS = "template.status"
    ACCOUNT_CHANGED = "account.changed"  # what the provider lets an account or a number do
    CONVERSATION_OPENED = "conversation.opened"  # again, when what came late shows that it went on
    CONVERSATION_HANDOFF = "conversation.handoff"
    CONVERSATION_CLAIMED = "conversation.claimed"
    CONVERSATION_RELEASED = "conversation.released"
    CONVERSATION_CLOSED = "conversation.closed"
    CONVERSION_RECORDED = "conversion.recorded"
    CONVERSION_REFUNDED = "conversion.refunded"
    CONVERSION_CORRECTED = "conversion.corrected"
    HOOK_PAUSED = "hook.paused"  # a subscription was, by itself
    HOOK_TEST = "hook.test"  # somebody asked for it; only that subscription hears of it


def matches(patterns: Iterable[str], kind: str) -> bool:
    """Whether a type is one of these; `*` means all, `message.*` all of that noun."""
    noun = kind.partition(".")[0]
    return any(pattern in (kind, "*", f"{noun}.*") for pattern in patterns)


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        id: a UUID version 7; deliveries carry it, so that whoever hears twice knows.
        subject: what it happened to, `message:<id>`, `contact:<phone>`, `conversation:<id>`,
            `conversion:<id>` or `instance:<name>`; those
            of one subject are told in the order they were appended in. Append after the row of the subject is locked,
            where it has one.
        data: the facts, JSON.
    """

    type: EventType
    subject: str
    instance: str
    at: datetime
    data: dict[str, Any]
    id: UUID = msgspec.field(default_factory=new_id)
