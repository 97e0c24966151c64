"""Time-ordered identifiers (UUID version 7, RFC 9562): sortable keys, and range partitions on the key itself."""

from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

from uuid_utils.compat import uuid7

MessageId = NewType("MessageId", UUID)
ContactId = NewType("ContactId", UUID)
WorkerId = NewType("WorkerId", UUID)

_RANDOM_BITS = 80


def new_id() -> UUID:
    """A fresh UUID version 7."""
    return uuid7()


def first_id_at(moment: datetime) -> UUID:
    """The smallest UUID a moment can have: the lower edge of a partition or of a search by time."""
    return UUID(int=int(moment.timestamp() * 1000) << _RANDOM_BITS)


def moment_of(identifier: UUID) -> datetime:
    """When an identifier was made, to the millisecond, in UTC."""
    return datetime.fromtimestamp((identifier.int >> _RANDOM_BITS) / 1000, UTC)
