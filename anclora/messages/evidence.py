"""Which event or look-up belongs to a message in doubt. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from anclora.providers.contract import ClientReference


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A message nobody knows the fate of.

    Attributes:
        answer: the provider's id, if its answer was noted after all.
    """

    id: UUID
    attempt: int
    instance: str
    recipient: str
    fingerprint: str | None
    intent_at: datetime
    unknown_at: datetime
    priority: int
    ordinal: int
    reason_code: str | None
    policy: str
    answer: str | None = None

    @property
    def reference(self) -> str:
        """What we called it when it was sent."""
        return str(self.id)


class Candidate(msgspec.Struct, frozen=True):
    """A send of one of our numbers that no message has claimed."""

    provider_id: str
    fingerprint: str | None
    reference: str | None = None


def pick(doubt: Doubt, candidates: Sequence[Candidate], by: ClientReference) -> str | None:
    """The provider id that is the message's, or None.

    Args:
        doubt: the message.
        candidates: unclaimed sends of the window, oldest first; without a reference those to the same person only.
        by: what the provider tells of our reference. Where it tells it, nothing else counts. Else words decide: the
            first equal ones; without words only a sole candidate that has none either.
    """
    if by == "echo":
        return next((each.provider_id for each in candidates if each.reference == doubt.reference), None)
    if by == "id":
        return next((each.provider_id for each in candidates if each.provider_id == doubt.reference), None)
    if doubt.fingerprint is not None:
        return next((each.provider_id for each in candidates if each.fingerprint == doubt.fingerprint), None)
    wordless = [each.provider_id for each in candidates if each.fingerprint is None]
    return wordless[0] if len(wordless) == 1 else None
