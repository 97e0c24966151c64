"""Retry-After: seconds or a date; what makes no sense is no wish."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anclora.kit.retry_after import retry_after_seconds

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def wish(value: str, *more: tuple[bytes, bytes]) -> float | None:
    return retry_after_seconds([(b"retry-after", value.encode("latin-1")), *more], NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("99999999999999999999", 1e20),
        ("Thu, 26 Nov 2026 12:01:00 GMT", 60.0),
        ("Thursday, 26-Nov-26 12:01:00 GMT", 60.0),
        ("Thu, 26 Nov 2026 13:01:00 +0100", 60.0),
    ],
)
def test_seconds_and_dates_are_wishes(value: str, seconds: float) -> None:
    assert wish(value) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "0", "-5", "1.5e3", "soon", "٣", "²", "Thu, 26 Nov 2026 11:59:00 GMT", "Thu, 99 Nov 2026 11:59:00 GMT", "nan"],
)
def test_what_makes_no_sense_or_has_passed_is_none(value: str) -> None:
    if value.isascii() or value == "²":
        assert wish(value) is None
    else:
        assert retry_after_seconds([(b"retry-after", value.encode())], NOW) is None


def test_a_date_is_compared_with_the_servers_own() -> None:
    """Whatever our clock says: its own clock wrote both."""
    later = "Thu, 26 Nov 2026 20:00:30 GMT"
    assert wish(later, (b"date", b"Thu, 26 Nov 2026 20:00:00 GMT")) == 30.0
    assert retry_after_seconds([(b"retry-after", later.encode())], None) is None


def test_without_the_header_there_is_no_wish() -> None:
    assert retry_after_seconds([(b"date", b"Thu, 26 Nov 2026 20:00:00 GMT")], NOW) is None


@given(st.binary(max_size=400))
def test_no_value_breaks_it(value: bytes) -> None:
    seconds = retry_after_seconds([(b"retry-after", value)], NOW)
    assert seconds is None or seconds > 0
