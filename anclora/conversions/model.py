"""The nouns of conversions. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

EventName = Literal["recorded", "refunded", "corrected"]
Source = Literal["api", "csv", "link"]
TouchKind = Literal["message", "click", "referral", "named"]
Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Value = Annotated[str, Meta(max_length=40)] | int | float


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A conversion to record.

    Attributes:
        kind: lead, qualified_lead, appointment, sale or one of your own.
        contact: a phone number, `lid:…`, `cloud:…` or a contact's id; may be left out beside message_id.
        value: units of the currency as text, `"1250.50"`; needs currency.
        currency: ISO 4217, such as EUR.
        occurred_at: when it happened, with an offset; now by default.
        external_id: yours, once per kind: the same again changes nothing, anything else under it is refused.
        message_id: the message that led to it, if you know it.
        campaign_id: the campaign that led to it, if you know it.
    """

    kind: str
    contact: Name | None = None
    value: Value | None = None
    currency: str | None = None
    occurred_at: Moment | None = None
    external_id: Name | None = None
    message_id: UUID | None = None
    campaign_id: UUID | None = None
    note: Annotated[str, Meta(max_length=1_000)] | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Value that goes back.

    Attributes:
        value: in the currency of the conversion; all that is left of it by default.
        occurred_at: when it went back; now by default. It counts there, at the rate of the day of the conversion.
        external_id: yours; the same again changes nothing.
    """

    value: Value | None = None
    occurred_at: Moment | None = None
    external_id: Name | None = None
    note: Annotated[str, Meta(max_length=1_000)] | None = None


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What should have been recorded; it counts in the moment of the conversion.

    Attributes:
        value: the right value, before refunds, in the same currency.
        void: it never happened: it counts no more, and has no value.
        external_id: yours; the same again changes nothing.
    """

    value: Value | None = None
    void: bool = False
    external_id: Name | None = None
    note: Annotated[str, Meta(max_length=1_000)] | None = None


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Who records, when, and by which rules.

    Attributes:
        window_days: touches so long before a conversion may have led to it.
        region: country of national phone numbers.
    """

    account: str
    actor: str
    now: datetime
    region: str
    window_days: int


class Books(msgspec.Struct, frozen=True):
    """What is known of kinds (whether each is revenue) and of currencies (digits behind the point)."""

    kinds: Mapping[str, bool]
    exponents: Mapping[str, int]


class TouchView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that had reached the person before.

    Attributes:
        kind: message = one of a campaign, with tags, or a template, when it was delivered; click = a link was followed;
            referral = they came by the button of an advertisement, which `referral` tells of;
            named = whoever recorded the conversion said what led to it, and nothing else counts beside it.
        first: the first touch: what the conversion is put down to by that rule.
        last: the last touch: as `first`.
    """

    kind: TouchKind
    at: datetime
    instance: str | None
    message_id: UUID | None
    click_id: UUID | None
    link_id: UUID | None
    heard_id: UUID | None
    referral: dict[str, Any] | None
    campaign_id: UUID | None
    template: str | None
    tags: list[str]
    first: bool
    last: bool


class ConversionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the conversion itself, a refund or a correction.

    Attributes:
        value: what it added, negative where it took away; `value_minor` in minor units.
    """

    id: UUID
    event: EventName
    value: str | None
    value_minor: int | None
    external_id: str | None
    note: str | None
    occurred_at: datetime
    recorded_at: datetime
    recorded_by: str


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """A conversion as it is now.

    Attributes:
        value: net: what was recorded and corrected, less refunds; `value_minor` in minor units.
        refunded_minor: how much went back.
        void: a correction said that it never happened.
        events: every row of it, the oldest first, where one is shown.
        touches: what came before it, the oldest first, where one is shown.
    """

    id: UUID
    kind: str
    contact_id: UUID
    phone: str | None
    value: str | None
    value_minor: int | None
    currency: str | None
    refunded_minor: int | None
    void: bool
    external_id: str | None
    message_id: UUID | None
    campaign_id: UUID | None
    source: Source
    note: str | None
    occurred_at: datetime
    recorded_at: datetime
    recorded_by: str
    events: list[ConversionEvent] = []
    touches: list[TouchView] = []
