"""Time-ordered identifiers (UUID version 7, RFC 9562): sortable keys, and range partitions on the key itself."""

from datetime import UTC, datetime, timedelta
from typing import NewType
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7

MessageId = NewType("MessageId", UUID)
ContactId = NewType("ContactId", UUID)
WorkerId = NewType("WorkerId", UUID)

_RANDOM_BITS = 80
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)  # whole ones: a float second is off by one now and then


def new_id() -> UUID:
    """A fresh UUID version 7."""
    return uuid7()


def new_id_text() -> str:
    """The same as text, for hot paths: a fifth of the cost of the object and its text."""
    return str(uuid_utils.uuid7())


def first_id_at(moment: datetime) -> UUID:
    """The smallest UUID a moment can have: the lower edge of a partition or of a search by time."""
    return UUID(int=(moment - _EPOCH) // _MILLISECOND << _RANDOM_BITS)


def moment_of(identifier: UUID) -> datetime:
    """When an identifier was made, to the millisecond, in UTC."""
    return _EPOCH + (identifier.int >> _RANDOM_BITS) * _MILLISECOND


def id_at(moment: datetime) -> UUID:
    """A fresh UUID version 7 of a moment that is not now: rows sorted by it stand in the order of what they tell of."""
    fresh = new_id().int & ((1 << _RANDOM_BITS) - 1)
    return UUID(int=first_id_at(moment).int | fresh)
