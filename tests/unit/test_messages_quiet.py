"""Quiet hours are a pure decision: by the clock of the person, safe where the number does not say which."""

from datetime import UTC, datetime, timedelta

import pytest

from anclora.contacts.zones import zones_of
from anclora.kit.errors import InvalidError
from anclora.messages.quiet import parse_window, quiet_until

MADRID = ("Europe/Madrid",)
NIGHT = parse_window("21:00-09:00")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ends(now: str, window: str = "21:00-09:00", zones: tuple[str, ...] = MADRID) -> str | None:
    until = quiet_until(parse_window(window), zones, utc(now))
    return f"{until:%m-%d %H:%M}" if until else None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-15 19:59:59", None),
        ("2026-01-15 20:00", "01-16 08:00"),
        ("2026-01-15 23:30", "01-16 08:00"),
        ("2026-01-16 07:59:59", "01-16 08:00"),
        ("2026-01-16 08:00", None),
        ("2026-07-15 19:00", "07-16 07:00"),
    ],
)
def test_a_night_ends_in_the_morning_of_the_person(now: str, until: str | None) -> None:
    assert ends(now) == until


def test_hours_within_one_day() -> None:
    assert [ends(f"2026-01-15 {at}", "14:00-16:30") for at in ("12:59", "13:00", "15:29", "15:30")] == [
        None,
        "01-15 15:30",
        "01-15 15:30",
        None,
    ]


@pytest.mark.parametrize(
    ("evening", "morning"), [("2026-03-28 20:00", "03-29 07:00"), ("2026-10-24 19:00", "10-25 08:00")]
)
def test_the_nights_of_both_clock_changes_end_at_nine_by_the_wall(evening: str, morning: str) -> None:
    assert ends(evening) == morning
    assert quiet_until(NIGHT, MADRID, utc(evening) - timedelta(minutes=1)) is None


def test_an_end_that_a_clock_change_skips_comes_as_much_later() -> None:
    assert ends("2026-03-29 00:59", "22:00-02:30") == "03-29 01:30"  # 03:30, where 02:30 would have been
    assert ends("2026-03-29 01:00", "22:00-02:30") is None  # the clock says 03:00


def test_of_an_end_that_comes_twice_the_second_one_counts() -> None:
    assert ends("2026-10-25 00:15", "22:00-02:30") == "10-25 01:30"
    assert ends("2026-10-25 01:15", "22:00-02:30") == "10-25 01:30"
    assert ends("2026-10-25 01:30", "22:00-02:30") is None


def test_each_minute_of_both_days_is_quiet_or_free_and_every_quiet_one_ends_later() -> None:
    for window in ("22:00-02:30", "02:15-02:45", "21:00-09:00", "01:30-03:30"):
        for day in ("2026-03-28 22:00", "2026-10-24 22:00"):
            for minute in range(24 * 60):
                now = utc(day) + timedelta(minutes=minute)
                until = quiet_until(parse_window(window), MADRID, now)
                assert until is None or now < until <= now + timedelta(hours=14)


def test_with_several_zones_it_is_quiet_while_it_is_quiet_in_any() -> None:
    both = ("Atlantic/Canary", "Europe/Madrid")
    assert ends("2026-01-15 19:30", zones=both) is None
    assert ends("2026-01-15 20:30", zones=both) == "01-16 09:00"  # Madrid is quiet, and then the islands are
    assert ends("2026-01-16 08:30", zones=both) == "01-16 09:00"


def test_where_no_hour_is_free_everywhere_the_middle_decides() -> None:
    russia = zones_of("79161234567", "Europe/Madrid")
    assert len(russia) > 10
    free = [hour for hour in range(24) if ends(f"2026-01-15 {hour:02}:00", "20:00-10:00", russia) is None]
    assert len(free) == 10


def test_the_zones_of_numbers() -> None:
    assert zones_of("34922123456", "Europe/Paris") == ("Atlantic/Canary",)
    assert zones_of("34600111222", "Europe/Paris") == ("Atlantic/Canary", "Europe/Madrid")
    assert zones_of("12125551234", "Europe/Paris") == ("America/New_York",)
    assert zones_of("870772001122", "Europe/Paris") == ("Europe/Paris",)  # a satellite's number is nowhere
    assert zones_of("1", "Europe/Paris") == ("Europe/Paris",)


@pytest.mark.parametrize("text", ["", "9-21", "21:00-21:00", "24:00-09:00", "21:00-09:60", "21:00-09:00 ", "ahora"])
def test_what_is_no_hours_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="21:00-09:00"):
        parse_window(text)
