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
_VERSION, _VARIANT = 7 << 76, 2 << 62
_TAIL_BITS = 62  # behind the variant
_LAST_32, _LAST_30, _LAST_12 = (1 << 32) - 1, (1 << 30) - 1, (1 << 12) - 1
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
    """A fresh UUID version 7 of a moment that is not now: rows sorted by it stand in the order of what they tell of.

    Those of one moment stand in the order they were made in: providers give whole seconds, and two words of one second
    have an order. So behind the moment stands when it was made, the lowest 32 bits of its milliseconds (49 days), and
    the counter within that millisecond (42 bits).
    """
    fresh = new_id().int
    made = fresh >> _RANDOM_BITS & _LAST_32
    counter = (fresh >> 64 & _LAST_12) << 30 | fresh >> 32 & _LAST_30
    order = made << 42 | counter
    behind = _VERSION | order >> _TAIL_BITS << 64 | _VARIANT | order & ((1 << _TAIL_BITS) - 1)
    return UUID(int=first_id_at(moment).int | behind)
