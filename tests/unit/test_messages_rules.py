"""What an outcome makes of a message."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from anclora.kit.errors import InvalidError
from anclora.kit.settings import Settings
from anclora.messages.model import MessageClass, State
from anclora.messages.rules import FREE_LANE_REFUSALS, Trial, Verdict, due_moment, judge
from anclora.providers.contract import Outcome, Refused, Scope, Sent, Unknown

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SETTINGS = Settings()


def verdict(outcome: Outcome, **changes: int | timedelta) -> Verdict:
    age = changes.get("age", timedelta())
    assert isinstance(age, timedelta)
    trial = Trial(
        kind=MessageClass.UTILITY,
        tries=int(str(changes.get("tries", 0))),
        lane_refusals=int(str(changes.get("lane_refusals", 0))),
        due_since=NOW - age,
    )
    return judge(outcome, trial, settings=SETTINGS, now=NOW, dice=random.Random(1))


def refused(scope: Scope, **more: bool | float) -> Refused:
    return Refused(
        scope=scope,
        code="no",
        text="no",
        permanent=bool(more.get("permanent", False)),
        retry_after_seconds=more.get("retry_after_seconds"),
    )


def test_an_answer_with_an_id_is_sent() -> None:
    assert verdict(Sent(provider_id="x")).state is State.SENT


def test_doubt_is_kept_as_doubt_and_blocks_later_ones_for_a_while() -> None:
    result = verdict(Unknown(code="timeout", text="no answer"), tries=99)
    assert result.state is State.UNKNOWN
    assert result.blocks_seconds == 600
    assert not result.costs_try


def test_a_permanent_refusal_fails_at_once() -> None:
    assert verdict(refused(Scope.MESSAGE, permanent=True)).state is State.FAILED


def test_a_refused_message_waits_longer_each_time_and_then_is_dead() -> None:
    waits = []
    for tries in range(SETTINGS.max_tries - 1):
        result = verdict(refused(Scope.MESSAGE), tries=tries)
        assert result.state is State.QUEUED
        assert result.costs_try
        assert result.next_attempt_at is not None
        waits.append(result.next_attempt_at - NOW)
    assert waits == sorted(waits)
    last = verdict(refused(Scope.MESSAGE), tries=SETTINGS.max_tries - 1)
    assert (last.state, last.code) == (State.DEAD, "tries_exhausted")


def test_a_refusing_lane_rests_and_costs_the_message_nothing() -> None:
    result = verdict(refused(Scope.LANE), tries=SETTINGS.max_tries - 1)
    assert result.state is State.QUEUED
    assert not result.costs_try
    assert result.pause_lane_seconds == SETTINGS.lane_backoff_seconds
    assert result.keeps_place


def test_a_message_that_stops_the_lane_again_and_again_pays_and_lets_another_probe() -> None:
    result = verdict(refused(Scope.LANE), lane_refusals=FREE_LANE_REFUSALS - 1)
    assert result.costs_try
    assert not result.keeps_place


def test_the_providers_wish_is_honoured_and_clamped() -> None:
    kind = verdict(refused(Scope.LANE, retry_after_seconds=42.0))
    assert kind.pause_lane_seconds == 42
    greedy = verdict(refused(Scope.LANE, retry_after_seconds=1e9))
    assert greedy.pause_lane_seconds == SETTINGS.retry_cap_seconds


def test_too_old_is_dead_whoever_refused() -> None:
    for scope in Scope:
        result = verdict(refused(scope), age=timedelta(seconds=SETTINGS.max_age_seconds + 1))
        assert (result.state, result.code) == (State.DEAD, "too_old")


def test_a_local_time_is_read_in_its_zone() -> None:
    moment = due_moment(datetime(2026, 12, 1, 9), "Europe/Madrid", now=NOW)  # noqa: DTZ001 - local on purpose
    assert moment == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_a_time_that_has_passed_means_now() -> None:
    assert due_moment(NOW - timedelta(seconds=1), None, now=NOW) is None


@pytest.mark.parametrize(
    ("send_at", "zone"),
    [
        (datetime(2026, 12, 1, 9), None),  # noqa: DTZ001 - local on purpose
        (datetime(2026, 12, 1, 9), "Mars/Olympus"),  # noqa: DTZ001 - local on purpose
        (NOW + timedelta(days=400), None),
    ],
)
def test_a_schedule_nobody_can_keep_is_refused(send_at: datetime, zone: str | None) -> None:
    with pytest.raises(InvalidError, match=r"send_at|send_zone"):
        due_moment(send_at, zone, now=NOW)
