"""What a conversion is put down to: the first and the last touch before it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from anclora.conversions.model import TouchKind


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """Something that reached the person, or was said to have. Fields as in `TouchView`."""

    kind: TouchKind
    at: datetime
    id: UUID
    instance: str | None = None
    message_id: UUID | None = None
    click_id: UUID | None = None
    link_id: UUID | None = None
    heard_id: UUID | None = None
    referral: Mapping[str, Any] | None = None
    campaign_id: UUID | None = None
    template: str | None = None
    tags: tuple[str, ...] = ()


class Attributed(msgspec.Struct, frozen=True):
    """The touches of a conversion in their order, and the places of the two it is put down to; None = no touch."""

    touches: tuple[Touch, ...]
    first: int | None
    last: int | None


def attributed(touches: Sequence[Touch], occurred_at: datetime, window: timedelta) -> Attributed:
    """The touches within the window before a conversion, and the first and last of them.

    A touch in the very moment of the conversion counts; one as old as the window does not. Where somebody named what
    led to it, that is both. Equal moments go by kind and id, so that the answer never depends on the order of rows.
    """
    since = occurred_at - window
    counted = sorted(
        (touch for touch in touches if touch.kind == "named" or since < touch.at <= occurred_at),
        key=lambda touch: (touch.at, touch.kind, touch.id),
    )
    if not counted:
        return Attributed((), None, None)
    named = [place for place, touch in enumerate(counted) if touch.kind == "named"]
    first, last = (named[0], named[-1]) if named else (0, len(counted) - 1)
    return Attributed(tuple(counted), first, last)
