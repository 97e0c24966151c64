"""The nouns of conversations. Pure."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec

from anclora.kit.said import SAID


class State(StrEnum):
    """Where a conversation stands: handed off and claimed say who is expected to act."""

    OPEN = "open"  # nobody was asked for, and nobody has it
    WAITING = "waiting"  # it was handed off, and nobody has it yet
    CLAIMED = "claimed"  # an agent has it
    CLOSED = "closed"


class HandoffReason(StrEnum):
    """Why a person is asked for."""

    USER_REQUEST = "user_request"
    BOT_CONFUSION = "bot_confusion"
    COMPLEX_QUERY = "complex_query"
    HIGH_VALUE = "high_value"
    OUT_OF_SCOPE = "out_of_scope"
    COMPLAINT = "complaint"


class Pair(NamedTuple):
    """Whose conversation it is: a number of ours, and a person (after all merges)."""

    instance: str
    contact_id: UUID


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A talk of a person with one of our numbers. Times are UTC.

    Attributes:
        phone: the person's number; null = WhatsApp told none. `name` = what they call themselves.
        opened_at: when the person said the first thing of it.
        last_in_at: when the person spoke last; `last_out_at` = when we did, null = never.
        first_response_at: when we answered first; null = not yet.
        first_response_seconds: how long the person waited for it.
        first_response_via: `api` or `phone`: how the answer went out.
        first_response_id: the message, or what was typed (as `/api/v1/inbound` has it).
        first_response_agent: who had the conversation at that moment; null = nobody.
        closed_by: `idle` = nobody said anything for so long; `call` = somebody closed it, and said `closed_why`.
        handoff_reason: why a person was asked for last; null = never.
        agent: who has it; of a closed one, who had it last.
    """

    id: UUID
    instance: str
    contact_id: UUID
    phone: str | None
    name: str | None
    state: State
    opened_at: datetime
    last_in_at: datetime
    last_out_at: datetime | None
    first_response_at: datetime | None
    first_response_seconds: float | None
    first_response_via: str | None
    first_response_id: UUID | None
    first_response_agent: str | None
    closed_at: datetime | None
    closed_by: str | None
    closed_why: Annotated[str | None, SAID]
    handoff_at: datetime | None
    handoff_reason: HandoffReason | None
    handoff_note: Annotated[str | None, SAID]
    agent: str | None
    claimed_at: datetime | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline of a conversation.

    Attributes:
        what: `in` = the person said it, `phone` = typed on our phone, `sent` = a message of ours went out; or what was
            done: opened, reopened, merged, handoff, claimed, released, closed.
        id: of the message, of what was heard, or of the line itself.
        kind: of what was said: text, image, …
        agent: who claimed or released it; `reason` and `note` = what was given with it, or the state of a message.
        by: who did it: `key:<id>`, or `anclora`.
    """

    at: datetime
    what: str
    id: UUID
    kind: str | None = None
    text: Annotated[str | None, SAID] = None
    agent: str | None = None
    reason: str | None = None
    note: Annotated[str | None, SAID] = None
    by: str | None = None


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with its timeline.

    Attributes:
        timeline: the oldest first; of a long one the latest 200 entries.
        whole: whether that is all of it.
    """

    conversation: Conversation
    timeline: list[Entry]
    whole: bool
