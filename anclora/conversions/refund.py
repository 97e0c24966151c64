"""Refunds: value that goes back counts where it went back."""

from uuid import UUID

from anclora.conversions.change import change
from anclora.conversions.model import Desk, Refund
from anclora.conversions.record import Recorded
from anclora.conversions.rules import checked, digest, refund_step
from anclora.storage.database import Database


async def refund(db: Database, conversion_id: UUID, wish: Refund, desk: Desk) -> Recorded:
    """Write a refund behind a conversion.

    Raises:
        NotFoundError: there is no such conversion.
        InvalidError: it is more than is left, or unreadable.
        ConflictError: nothing is left, it never happened, or the external id stands for something else.
    """
    texts = checked(external_id=wish.external_id, note=wish.note)
    asked = ["refund", conversion_id, wish.value and str(wish.value), wish.occurred_at, texts]
    return await change(
        db,
        conversion_id,
        desk,
        event="refunded",
        hash=digest(asked),
        texts=texts,
        step=lambda standing: refund_step(standing, wish, desk.now),
    )
