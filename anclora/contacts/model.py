"""The noun of contacts. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a person.

    Attributes:
        kind: phone, lid (WhatsApp's own name of an account) or cloud (Meta's).
        value: digits; for cloud whatever Meta says.
        evidence: what shows that it is theirs.
    """

    kind: str
    value: str
    evidence: str
    since: datetime


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A person, known by one or more addresses. Times are UTC.

    Attributes:
        phone: digits of the first number in E.164, without the plus; None = WhatsApp told none so far.
        name: what the person calls himself.
        opted_out_at: since when nothing may be sent; None = it may.
        opt_out_reason: why, in the words of whoever recorded it.
        last_inbound_at: when the person last wrote to us; it opens the 24-hour window.
        zone: IANA time zone, where somebody said so; None = what the number says.
    """

    id: UUID
    phone: str | None
    name: str | None = None
    created_at: datetime
    opted_out_at: datetime | None
    opt_out_reason: str | None
    last_inbound_at: datetime | None
    zone: str | None
    addresses: list[Address] = []
