"""What integrators are told of a conversion."""

from datetime import datetime
from uuid import UUID

from anclora.conversions.model import EventName
from anclora.conversions.money import show_minor
from anclora.events import EventType, Happened

_TYPES = {
    "recorded": EventType.CONVERSION_RECORDED,
    "refunded": EventType.CONVERSION_REFUNDED,
    "corrected": EventType.CONVERSION_CORRECTED,
}


def told(
    event: EventName,
    row_id: UUID,
    original_id: UUID,
    *,
    kind: str,
    contact_id: UUID,
    amount: int | None,
    net: int | None,
    currency: str | None,
    exponent: int,
    external_id: str | None,
    message_id: UUID | None,
    campaign_id: UUID | None,
    at: datetime,
) -> Happened:
    """The event of one row: what it added (`value`), and what the conversion is worth with it (`net`)."""
    ids = {"contact_id": contact_id, "message_id": message_id, "campaign_id": campaign_id}
    return Happened(
        type=_TYPES[event],
        subject=f"conversion:{original_id}",
        instance="",
        at=at,
        data={
            "id": str(original_id),
            "row_id": str(row_id),
            "kind": kind,
            "value": None if amount is None else show_minor(amount, exponent),
            "value_minor": amount,
            "net": None if net is None else show_minor(net, exponent),
            "net_minor": net,
            "currency": currency,
            "external_id": external_id,
            **{name: None if value is None else str(value) for name, value in ids.items()},
        },
    )
