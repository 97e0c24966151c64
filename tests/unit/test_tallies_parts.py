"""The middle of a period is read by days or hours, its edges by quarters: nothing is missed or read twice."""

from datetime import UTC, datetime, timedelta

import pytest

from anclora.tallies import Wanted
from anclora.tallies.model import By
from anclora.tallies.rules import parts_of

ZONE = "Europe/Madrid"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def read(since: str, until: str, by: By = "all", **more: object) -> tuple[int, str, str]:
    asked = Wanted(since=moment(since), until=moment(until), **{"zone": ZONE, "grain": 1440, **more})  # pyright: ignore[reportArgumentType]
    parts = parts_of(asked, by)
    assert asked.since <= parts.head <= parts.tail <= asked.until
    return parts.rows, f"{parts.head:%d %H:%M}", f"{parts.tail:%d %H:%M}"


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-03-28T00:00+01:00", "2026-03-31T00:00+02:00", (1440, "27 23:00", "30 22:00")),
        ("2026-03-28T00:15+01:00", "2026-03-30T23:45+02:00", (1440, "28 23:00", "29 22:00")),
        ("2026-03-29T00:15+01:00", "2026-03-29T23:45+02:00", (60, "29 00:00", "29 21:00")),
        ("2026-03-29T10:15+02:00", "2026-03-29T10:45+02:00", (15, "29 08:15", "29 08:45")),
    ],
)
def test_the_largest_rows_that_fit(since: str, until: str, expected: tuple[int, str, str]) -> None:
    assert read(since, until) == expected
    if expected[0] == 60:  # rows of hours know numbers, and nothing else
        assert read(since, until, "cause")[0] == 15
        assert read(since, until, campaign="x")[0] == 15
        assert read(since, until, "at")[0] == 15  # a day of the zone may begin within an hour of UTC


def test_what_is_told_apart_by_the_hour_is_not_read_by_days() -> None:
    span = ("2026-03-28T00:00+01:00", "2026-03-31T00:00+02:00")
    assert read(*span, "at")[0] == 1440
    assert read(*span, "at", grain=60)[0] == 60
    assert read(*span, "at", grain=15)[0] == 15
    assert read(*span, "at", grain=60, campaign="x")[0] == 15
    assert read(*span, "campaign", zone=None)[0] == 15
    asked = Wanted(since=moment(span[0]), until=moment(span[1]), zone=ZONE)
    assert parts_of(asked, "cause", days=False).rows == 15


def test_edges_and_middle_are_the_whole_period_in_any_zone() -> None:
    for zone in (ZONE, "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"):
        for quarters in range(0, 4 * 24 * 3, 7):
            since = datetime(2026, 10, 24, tzinfo=UTC) + quarters * timedelta(minutes=15)
            asked = Wanted(since=since, until=since + timedelta(hours=31), grain=1440, zone=zone)
            for by in ("all", "at", "cause"):
                parts = parts_of(asked, by)
                assert asked.since <= parts.head <= parts.tail <= asked.until
