"""What time it may be where a person is: the zones their phone number speaks of."""

from functools import cache, lru_cache
from zoneinfo import available_timezones

import phonenumbers
from phonenumbers import timezone

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
