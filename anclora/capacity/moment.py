"""The moment somebody means. Pure."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from anclora.kit.errors import InvalidError

_CLOCK = re.compile(r"\d{1,2}:\d{2}")


def moment_of(text: str, *, now: datetime, zone: str) -> datetime:
    """The moment somebody means: a time of today, or of tomorrow when it is over; or an ISO 8601 moment. Pure.

    Raises:
        InvalidError: it is neither.
    """
    here = ZoneInfo(zone)
    try:
        if not _CLOCK.fullmatch(text):
            found = datetime.fromisoformat(text)
            return (found if found.tzinfo else found.replace(tzinfo=here)).astimezone(UTC)
        hour, minute = text.split(":")
        day = now.astimezone(here).date()
        today = datetime.combine(day, time(int(hour), int(minute)), here).astimezone(UTC)
        if today > now:
            return today
        return datetime.combine(day + timedelta(days=1), time(int(hour), int(minute)), here).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidError(f"{text[:40]!a} is no moment: 18:00, or 2026-01-31T18:00.", code="invalid_moment") from error
