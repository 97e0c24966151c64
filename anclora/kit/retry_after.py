"""The header Retry-After (RFC 9110, 10.2.3): how long a server asks to be left alone."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"\d{1,300}\Z", re.ASCII)


def retry_after_seconds(headers: Sequence[tuple[bytes, bytes]], now: datetime | None) -> float | None:
    """The wish in seconds, more than 0; None when there is none that can be kept. Whoever keeps it clamps it.

    Args:
        headers: name (lower case) and value pairs.
        now: what a date is compared with when the answer carries no date of its own.
    """
    known = {name: value.decode("latin-1").strip() for name, value in headers if name in (b"retry-after", b"date")}
    wish = known.get(b"retry-after", "")
    if _SECONDS.match(wish):
        return float(wish) or None
    until, since = _moment(wish), _moment(known.get(b"date", "")) or now
    if until is None or since is None:
        return None
    seconds = (until - since).total_seconds()
    return seconds if seconds > 0 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
