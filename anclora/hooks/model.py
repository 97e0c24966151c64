"""The nouns of webhooks out: who wants to hear what, what was told, and how an endpoint answered. Pure."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

MOST_EVENTS = 500
PausedBy = Literal["person", "failures", "gone"]
DeliveryState = Literal["waiting", "aside", "delivered", "failed"]
Name = Annotated[str, msgspec.Meta(max_length=100)]
Url = Annotated[str, msgspec.Meta(max_length=2_000)]
Types = Annotated[list[str], msgspec.Meta(min_length=1, max_length=50)]
BatchSize = Annotated[int, msgspec.Meta(ge=1, le=MOST_EVENTS)]
Linger = Annotated[float, msgspec.Meta(ge=0, le=60)]


class HookDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscription as somebody asks for it.

    Example: `{"url": "https://crm.example.com/anclora", "types": ["message.*"]}`

    Attributes:
        url: http or https, any port, without user and password.
        types: of events: `message.sent`, `message.*` for a noun, `*` for all.
        name: for people.
        batch_size: events in one request at most. 1 = each request is one event, an object; else always an array.
        linger_seconds: how long an event waits for company.
    """

    url: Url
    types: Types
    name: Name = ""
    batch_size: BatchSize = 50
    linger_seconds: Linger = 0.5


class HookChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different; what is left out or null stays as it is. See `HookDraft`."""

    url: Url | None = None
    types: Types | None = None
    name: Name | None = None
    batch_size: BatchSize | None = None
    linger_seconds: Linger | None = None


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription, and how its endpoint fares. See the table `hooks`.

    Attributes:
        failures: requests in a row that failed.
        failing_since: the first of them.
        suspect: the subject all of them were of; None = of several.
        width: events in one request while it fails or recovers; None = as many as asked for.
        next_at: no request before this moment.
        turn: of whoever posts now; a later one makes his word about the endpoint worth nothing.
    """

    id: UUID
    created_at: datetime
    name: str
    url: str
    types: list[str]
    secret: str
    old_secret: str | None
    old_secret_until: datetime | None
    batch_size: int
    linger_seconds: float
    paused_at: datetime | None
    paused_by: PausedBy | None
    paused_why: str | None
    failures: int
    failing_since: datetime | None
    suspect: str | None
    width: int | None
    next_at: datetime
    busy_until: datetime | None
    turn: int
    last_ok_at: datetime | None
    last_error: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to one subscription.

    Attributes:
        alone: how often it failed as the only one of its request.
        first_tried_at: the 24 hours of its tries count from here.
    """

    event_id: UUID
    ordinal: int
    subject: str
    alone: int
    first_tried_at: datetime | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is posted.

    Example: `{"id": "019aac5e-…", "type": "message.read", "timestamp": "2026-01-31T09:00:01Z",
    "subject": "message:019aac5e-…", "instance": "sales", "data": {"id": "019aac5e-…", "state": "read", …}}`
    """

    id: UUID
    type: str
    timestamp: datetime
    subject: str
    instance: str
    data: dict[str, Any]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How one request ended.

    Attributes:
        status: None = no answer came; then `error` says why.
        text: how the answer began, without control characters and long numbers.
        wish_seconds: its Retry-After.
    """

    status: int | None
    error: str | None = None
    text: str = ""
    wish_seconds: float | None = None
    duration_ms: int = 0

    @property
    def good(self) -> bool:
        """Whether the endpoint has it now."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint says that it wants no more."""
        return self.status == 410

    @property
    def words(self) -> str:
        """Why it failed, for people."""
        return self.error or f"it answered {self.status}"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Some deliveries in one request, and its answer."""

    id: UUID
    webhook_id: str
    at: datetime
    deliveries: list[Delivery]
    answered: Answered
