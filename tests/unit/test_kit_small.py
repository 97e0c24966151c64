"""Waits, identifiers and settings."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anclora.kit.backoff import backoff_seconds
from anclora.kit.errors import SetupError
from anclora.kit.ids import first_id_at, id_at, moment_of, new_id
from anclora.kit.settings import load_settings

moments = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001 - the zone is put on after
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)


def test_each_wait_is_twice_the_one_before_up_to_the_cap() -> None:
    waits = [backoff_seconds(tries, base=5, cap=600, jitter=0) for tries in range(1, 10)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600]


@given(tries=st.integers(-5, 10_000), seed=st.integers())
def test_a_wait_is_never_negative_nor_beyond_the_cap(tries: int, seed: int) -> None:
    assert 0 < backoff_seconds(tries, base=5, cap=600, dice=random.Random(seed)) <= 600


def test_the_spread_lies_evenly_around_the_wait() -> None:
    dice = random.Random(4)
    waits = [backoff_seconds(1, base=10, cap=600, jitter=0.2, dice=dice) for _ in range(20_000)]
    assert min(waits) >= 8
    assert max(waits) <= 12
    assert sum(waits) / len(waits) == pytest.approx(10, abs=0.05)


@given(moments)
def test_an_identifier_tells_its_moment_to_the_millisecond(moment: datetime) -> None:
    assert moment_of(first_id_at(moment)) == moment


@given(moments, moments)
def test_identifiers_sort_by_their_moment(one: datetime, two: datetime) -> None:
    assert (first_id_at(one) < first_id_at(two)) == (one < two)


def test_a_new_identifier_lies_at_its_moment_and_is_a_version_seven() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    made = [new_id() for _ in range(1_000)]
    assert before <= moment_of(made[0]) <= datetime.now(UTC)
    assert {identifier.version for identifier in made} == {7}
    assert len(set(made)) == 1_000


@given(moments)
def test_an_identifier_of_another_moment_is_a_version_seven_of_it(moment: datetime) -> None:
    made = id_at(moment)
    assert (moment_of(made), made.version, made.variant) == (moment, 7, new_id().variant)


def test_identifiers_of_one_moment_stand_in_the_order_they_were_made_in() -> None:
    moment = datetime.now(UTC) - timedelta(hours=3)
    made = [id_at(moment)]
    for clock in range(5):  # through some milliseconds of ours
        until = moment_of(new_id()) + timedelta(milliseconds=1)
        while moment_of(new_id()) <= until and len(made) < 100_000 * (clock + 1):
            made.append(id_at(moment))
    assert made == sorted(made)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ANCLORA_LEASE_SECONDS", "soon"), ("ANCLORA_SHARDS", "0"), ("ANCLORA_BULK_LIMIT", "-1")],
)
def test_a_setting_nobody_can_use_is_named_as_it_is_written(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError, match=name):
        load_settings()


def test_settings_come_from_the_environment_and_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANCLORA_BULK_LIMIT", "3")
    settings = load_settings()
    assert settings.bulk_limit == 3
    with pytest.raises(ValueError, match="frozen"):
        settings.bulk_limit = 4  # pyright: ignore[reportAttributeAccessIssue]
