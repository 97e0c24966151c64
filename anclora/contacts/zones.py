"""What time it may be where a person is: the zones their phone number speaks of, or one that somebody set."""

from functools import cache, lru_cache
from zoneinfo import available_timezones

import phonenumbers
from phonenumbers import timezone

from anclora.audit import record
from anclora.contacts.model import Contact
from anclora.contacts.show import QUERIES, show
from anclora.kit.errors import InvalidError
from anclora.kit.ids import new_id
from anclora.storage.database import Database, execute, fetch_one

_UNKNOWN = "Etc/Unknown"


@cache
def known_zones() -> frozenset[str]:
    """Every IANA zone this machine knows."""
    return frozenset(available_timezones()) - {_UNKNOWN}


@lru_cache(maxsize=50_000)
def zones_of(digits: str, default: str) -> tuple[str, ...]:
    """The IANA zones a number may be in, one when it says so.

    Args:
        digits: as `phone_digits` gives them.
        default: the zone of a number that belongs to no country.
    """
    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return (default,)
    return tuple(zone for zone in zones if zone in known_zones()) or (default,)


async def set_zone(db: Database, phone: str, zone: str | None, *, actor: str) -> Contact:
    """Say where a person is (digits, see `phone_digits`), known so far or not; None = what the number says.

    Raises:
        InvalidError: no such zone.
    """
    if zone is not None and zone not in known_zones():
        raise InvalidError(f"{zone[:60]!a} is no IANA time zone; Europe/Madrid is one.", code="unknown_zone")
    async with db.transaction() as conn:
        await execute(conn, QUERIES["ensure_contact"], id=new_id(), phone=phone)
        row = await fetch_one(conn, QUERIES["set_zone"], phone=phone, zone=zone)
        if row is not None:
            subject = f"contact:{row['id']}"
            await record(conn, actor=actor, action="contact.zone", subject=subject, detail={"zone": zone})
    return await show(db, phone)
