"""Corrections: what should have been recorded counts where the conversion does."""

from uuid import UUID

from anclora.conversions.change import change
from anclora.conversions.model import Correction, Desk
from anclora.conversions.record import Recorded
from anclora.conversions.rules import checked, correction_step, digest
from anclora.storage.database import Database


async def correct(db: Database, conversion_id: UUID, wish: Correction, desk: Desk) -> Recorded:
    """Write a correction behind a conversion.

    Raises:
        NotFoundError: there is no such conversion.
        InvalidError: it says nothing, too much, or a value below what went back.
        ConflictError: it never happened, has no value, or the external id stands for something else.
    """
    texts = checked(external_id=wish.external_id, note=wish.note)
    asked = ["correct", conversion_id, wish.value and str(wish.value), wish.void, texts]
    return await change(
        db,
        conversion_id,
        desk,
        event="corrected",
        hash=digest(asked),
        texts=texts,
        step=lambda standing: correction_step(standing, wish),
    )
