"""The nouns of a message and the states of its life. Pure: nothing here reads a clock, a socket or a row.

```
 scheduled ─► queued ─► sending ─► sent ─► delivered ─► read ─► played     (ranks 1, 2, 3, 4)
     │          │  ▲        ├──► queued     refused for now, next_attempt_at set; or given back before the request
     │          │  │        ├──► failed     refused for good, reason kept          (sent ─► failed: a late nack)
     │          │  └────────┼─── dead|failed ─► queued   by hand;   dead ─► canceled (discarded)
     │          ├──► dead   ├──► dead       tries exhausted or too old: the dead-letter queue
     │          │           └──► unknown    a crash, a time-out or an ambiguous answer after the request left
     └──────────┴──► canceled | expired | blocked                queued ─► scheduled   another time was asked for
 unknown ─► sent | delivered | read | played | failed · queued (proved not sent) · dead (unknown_outcome)
 queued | dead (unknown_outcome) ─► sent … played   late evidence of any attempt
 sending ─► delivered | read | played               the receipt came before the result
```
"""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from anclora.kit.errors import AncloraError
from anclora.kit.ids import MessageId
from anclora.kit.said import SAID
from anclora.messages.parts import (
    ButtonsPart,
    CardPart,
    ListPart,
    LocationPart,
    PollPart,
    ReactionPart,
    StatusPart,
    TemplatePart,
)
from anclora.providers.contract import Content, Media

UNKNOWN_OUTCOME = "unknown_outcome"
STATUS_RECIPIENT = "status@broadcast"  # WhatsApp's own address of statuses


class State(StrEnum):
    """Where a message stands. The values are those of `messages.state`."""

    SCHEDULED = "scheduled"  # its time has not come; no ordinal yet
    QUEUED = "queued"  # in the lane, or on its way there by the outbox
    SENDING = "sending"  # a worker has committed the intent; the request may be out
    UNKNOWN = "unknown"  # the request left, and nothing proves what became of it
    SENT = "sent"  # the provider took it and named it
    DELIVERED = "delivered"  # it reached the phone
    READ = "read"
    PLAYED = "played"  # a voice note was listened to
    FAILED = "failed"  # refused for good
    DEAD = "dead"  # given up: tries exhausted, too old, or the outcome stayed unknown
    CANCELED = "canceled"  # taken back before it left
    EXPIRED = "expired"  # its expires_at came first
    BLOCKED = "blocked"  # the recipient opted out


_RECEIVED = (State.DELIVERED, State.READ, State.PLAYED)
_PROVED = (State.SENT, *_RECEIVED)

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.QUEUED, State.CANCELED, State.EXPIRED, State.BLOCKED}),
    State.QUEUED: frozenset(
        {State.SCHEDULED, State.SENDING, State.DEAD, State.CANCELED, State.EXPIRED, State.BLOCKED, *_PROVED}
    ),
    State.SENDING: frozenset({State.QUEUED, State.FAILED, State.DEAD, State.UNKNOWN, *_PROVED}),
    State.UNKNOWN: frozenset({State.QUEUED, State.FAILED, State.DEAD, *_PROVED}),
    State.SENT: frozenset({*_RECEIVED, State.FAILED}),
    State.DELIVERED: frozenset({State.READ, State.PLAYED}),
    State.READ: frozenset({State.PLAYED}),
    State.PLAYED: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),
    State.DEAD: frozenset({State.QUEUED, State.CANCELED, *_PROVED}),
    State.CANCELED: frozenset(),
    State.EXPIRED: frozenset(),
    State.BLOCKED: frozenset(),
}

FINAL = frozenset({*_PROVED, State.FAILED, State.DEAD, State.CANCELED, State.EXPIRED, State.BLOCKED})
RANKS: Mapping[State, int] = {State.SENT: 1, State.DELIVERED: 2, State.READ: 3, State.PLAYED: 4}


class IllegalStepError(AncloraError):
    """A step the state machine does not have: a defect of ours, never the caller's."""

    code = "illegal_step"


def step(now: State, to: State) -> State:
    """The new state, or `IllegalStepError` when the machine has no such step."""
    if to not in TRANSITIONS[now]:
        raise IllegalStepError(f"A message that is {now} cannot become {to}.")
    return to


class MessageClass(StrEnum):
    """What a message is for; sets its default priority and how long a stuck one may hold others back."""

    REPLY = "reply"
    UTILITY = "utility"
    MARKETING = "marketing"


class Priority(IntEnum):
    """Lower goes first."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


PriorityName = Literal["critical", "high", "normal", "low"]
DEFAULT_PRIORITY: Mapping[MessageClass, Priority] = {
    MessageClass.REPLY: Priority.HIGH,
    MessageClass.UTILITY: Priority.NORMAL,
    MessageClass.MARKETING: Priority.LOW,
}


ContentType = Literal[
    "text", "image", "document", "audio", "video", "sticker", "location", "contacts", "reaction", "poll", "buttons",
    "list", "template", "status"
]  # fmt: skip


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One message as a caller asks for it.

    Example: `{"to": "+34600111222", "text": "hola"}`

    Attributes:
        to: phone number, international, or national of the default region; of a status the word `status`.
        type: what the message is. A text has `text`; image, document, audio, video and sticker have `media`; each of
            the others has the field of its own name.
        text: the words of a text message.
        preview: whether the first address in a text is shown as a picture.
        media: a file: `{"url": …}`, `{"base64": …, "mimetype": …, "filename": …}` or `{"stored": …}`, the hash that
            an upload answered.
        caption: words under a picture, document or video.
        reply_to: the message this one answers: our id, or the provider's.
        mentions: phone numbers of people it names.
        typing_ms: for so long before, the person sees that we write; 1 to 10000. No other message waits for it.
        instance: the number to send from; may be left out when there is one only.
        kind: `class` in JSON: reply, utility (default) or marketing.
        priority: critical (its own scope), high, normal or low; by default what the class says.
        send_at: not before this moment; without an offset it is read in `send_zone`.
        send_zone: IANA time zone of a `send_at` without an offset.
        expires_at: never after this moment.
        client_ref: the caller's own reference; the same one never makes a second message.
        tags: words to find it by.
        campaign_id: the campaign it belongs to.
    """

    to: str
    type: ContentType = "text"
    text: str | None = None
    preview: bool = True
    media: Media | None = None
    caption: str | None = None
    location: LocationPart | None = None
    contacts: list[CardPart] | None = None
    reaction: ReactionPart | None = None
    poll: PollPart | None = None
    buttons: ButtonsPart | None = None
    choices: ListPart | None = msgspec.field(default=None, name="list")
    template: TemplatePart | None = None
    status: StatusPart | None = None
    reply_to: str | None = None
    mentions: list[str] = msgspec.field(default_factory=list)
    typing_ms: int | None = None
    instance: str | None = None
    kind: MessageClass = msgspec.field(default=MessageClass.UTILITY, name="class")
    priority: PriorityName | None = None
    send_at: datetime | None = None
    send_zone: str | None = None
    expires_at: datetime | None = None
    client_ref: str | None = None
    tags: list[str] = msgspec.field(default_factory=list)
    campaign_id: UUID | None = None


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that passed every rule, ready to be stored."""

    id: MessageId
    instance: str
    recipient: str
    content: Content
    encoded: bytes
    fingerprint: str | None
    kind: MessageClass
    priority: Priority
    state: State
    send_at: datetime | None
    send_zone: str | None
    expires_at: datetime | None
    client_ref: str | None
    tags: list[str]
    campaign_id: UUID | None
    hash: bytes


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is shown: `GET /api/v1/messages/{id}`. Times are UTC.

    Attributes:
        content: as it was accepted; null in a list when it is longer than 16 KiB (a file inside it).
        unknown_at: since when nobody knows whether it went out; null = known.
        stalled_at: when WhatsApp's acknowledgement became overdue; null = it came, or there is still time.
    """

    id: UUID
    state: State
    to: str
    instance: str
    type: str
    content: Annotated[msgspec.Raw, SAID]
    kind: MessageClass = msgspec.field(name="class")
    priority: str
    attempts: int
    created_at: datetime
    send_at: datetime | None
    expires_at: datetime | None
    next_attempt_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    played_at: datetime | None
    unknown_at: datetime | None
    stalled_at: datetime | None
    provider_id: str | None
    reason_code: str | None
    reason_text: Annotated[str | None, SAID]
    client_ref: str | None
    tags: list[str]


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact in the life of a message."""

    at: datetime
    what: str
    detail: str | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message is not out yet, or what became of it.

    Attributes:
        rule: the one thing that limits it now: `schedule`, `paused` (by a person, or the number rests), `strike`,
            `quiet_hours`, `hold`, `disconnected`, `order`, `retry`, `pair_gap`, `daily_cap`, `new_recipient_cap`,
            `rate`, `lane` (on its way there), `worker`, `doubt`, `acknowledgement`, or `none`.
        text: the same as a sentence.
        until: when the rule ends, where that is known.
        estimated_position: messages before it in its lane, an estimate.
        estimated_at: when it goes, an estimate; null when nobody can say.
        source: `ledger` when the lanes were not needed or Redis is away; the text says so then.
    """

    id: UUID
    state: State
    rule: str
    text: str
    until: datetime | None
    next_attempt_at: datetime | None
    estimated_position: int | None
    estimated_at: datetime | None
    source: Literal["lanes", "ledger"]
    timeline: list[TimelineEntry]
