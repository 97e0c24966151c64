"""The sorts of values settings have, each with the sentence that says what would be right."""

from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


def _region(value: str) -> str:
    if len(value) != 2 or not value.isalpha():
        msg = "must be a two-letter country code such as ES"
        raise ValueError(msg)
    return value.upper()


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = "must be an IANA time zone such as Europe/Madrid"
        raise ValueError(msg) from error
    return value


def _currency(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isalpha():
        msg = "must be a currency of ISO 4217 such as EUR"
        raise ValueError(msg)
    return value.upper()


def _time_of_day(value: str) -> str:
    try:
        return f"{time.fromisoformat(value):%H:%M}"
    except ValueError as error:
        msg = "must be a time of day such as 18:00"
        raise ValueError(msg) from error


def _hours(value: str) -> str:
    opens, dash, closes = value.partition("-")
    if not dash or not _time_of_day(opens.strip()) < _time_of_day(closes.strip()):
        msg = "must be two times of day, the earlier first, such as 09:00-18:00"
        raise ValueError(msg)
    return f"{_time_of_day(opens.strip())}-{_time_of_day(closes.strip())}"


Region = Annotated[str, AfterValidator(_region)]
Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
Hours = Annotated[str, AfterValidator(_hours)]
