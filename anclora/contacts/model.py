"""The noun of contacts. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A person, known by a number. Times are UTC.

    Attributes:
        phone: digits of the number in E.164, without the plus.
        opted_out_at: since when nothing may be sent; None = it may.
        opt_out_reason: why, in the words of whoever recorded it.
        last_inbound_at: when the person last wrote to us; it opens the 24-hour window.
        zone: IANA time zone, where somebody said so; None = what the number says.
    """

    id: UUID
    phone: str
    created_at: datetime
    opted_out_at: datetime | None
    opt_out_reason: str | None
    last_inbound_at: datetime | None
    zone: str | None
