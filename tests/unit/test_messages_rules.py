"""What an outcome makes of a message."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from anclora.kit.errors import InvalidError
from anclora.messages.model import MessageClass, State
from anclora.messages.retries import DEFAULTS, Retries
from anclora.messages.rules import FREE_PAUSES, Rest, Trial, Verdict, due_moment, judge, wait_seconds
from anclora.providers.contract import Outcome, Refused, Scope, Sent, Unknown

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAX_AGE_SECONDS = 86_400.0
MARKETING = frozenset({"marketing"})
WIDE = [Scope.RECIPIENT, Scope.LANE, Scope.ACCOUNT, Scope.TEMPLATE]


def verdict(
    outcome: Outcome,
    *,
    tries: int = 0,
    pauses: int = 0,
    age: timedelta = timedelta(),
    kind: MessageClass = MessageClass.UTILITY,
    retries: Retries | None = None,
) -> Verdict:
    trial = Trial(kind=kind, tries=tries, lane_refusals=pauses, due_since=NOW - age)
    return judge(
        outcome,
        trial,
        retries=retries or Retries(),
        max_age_seconds=MAX_AGE_SECONDS,
        now=NOW,
        dice=random.Random(1),
    )


def refused(
    scope: Scope, *, permanent: bool = False, retry_after: float | None = None, classes: frozenset[str] = frozenset()
) -> Refused:
    return Refused(
        scope=scope, code="no", text="no", permanent=permanent, retry_after_seconds=retry_after, classes=classes
    )


def waits(result: Verdict) -> float:
    assert result.next_attempt_at is not None
    return (result.next_attempt_at - NOW).total_seconds()


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
    times = range(DEFAULTS["message"].tries - 1)
    results = [verdict(refused(Scope.MESSAGE), tries=tries) for tries in times]
    assert {result.state for result in results} == {State.QUEUED}
    assert all(result.costs_try for result in results)
    assert [waits(result) for result in results] == sorted(waits(result) for result in results)
    last = verdict(refused(Scope.MESSAGE), tries=DEFAULTS["message"].tries - 1)
    assert (last.state, last.code) == (State.DEAD, "tries_exhausted")


@pytest.mark.parametrize("scope", WIDE)
def test_a_pause_costs_the_message_nothing(scope: Scope) -> None:
    result = verdict(refused(scope), tries=DEFAULTS[scope].tries - 1)
    assert (result.state, result.costs_try, result.paused, result.keeps_place) == (State.QUEUED, False, True, True)


@pytest.mark.parametrize("scope", WIDE)
def test_the_third_pause_in_a_row_costs_a_try_and_at_last_it_is_dead(scope: Scope) -> None:
    paying = verdict(refused(scope), pauses=FREE_PAUSES - 1)
    assert paying.costs_try
    assert paying.rest is None or not paying.rest.probed
    assert verdict(refused(scope), pauses=9, tries=DEFAULTS[scope].tries - 1).state is State.DEAD


def test_who_pays_lets_another_one_probe() -> None:
    assert not verdict(refused(Scope.LANE), pauses=FREE_PAUSES - 1).keeps_place
    assert not verdict(refused(Scope.RECIPIENT), pauses=FREE_PAUSES - 1).keeps_place
    assert verdict(refused(Scope.MESSAGE), pauses=9).keeps_place  # here nobody else is refused


def test_a_lane_rests_even_when_the_message_that_said_so_is_given_up() -> None:
    dead = verdict(refused(Scope.LANE), pauses=9, tries=DEFAULTS["lane"].tries - 1)
    assert dead.rest == Rest(scope=Scope.LANE, classes=frozenset(), seconds=5, probed=False)


RESTS = {
    "lane": (Scope.LANE, frozenset[str](), MessageClass.UTILITY, frozenset[str](), True),
    "lane, its class": (Scope.LANE, MARKETING, MessageClass.MARKETING, MARKETING, False),
    "lane, another class": (Scope.LANE, MARKETING, MessageClass.REPLY, frozenset[str](), True),
    "account": (Scope.ACCOUNT, frozenset[str](), MessageClass.UTILITY, frozenset[str](), True),
    "recipient": (Scope.RECIPIENT, frozenset[str](), MessageClass.UTILITY, frozenset[str](), False),
    "recipient, its class": (Scope.RECIPIENT, MARKETING, MessageClass.MARKETING, MARKETING, False),
}


@pytest.mark.parametrize("case", RESTS.values(), ids=RESTS)
def test_what_rests_is_what_the_refusal_is_about(
    case: tuple[Scope, frozenset[str], MessageClass, frozenset[str], bool],
) -> None:
    scope, classes, kind, rests, whole_lane = case
    result = verdict(refused(scope, classes=classes, retry_after=42), kind=kind)
    assert result.rest is not None
    assert (result.rest.scope, result.rest.classes, result.rest.seconds) == (scope, rests, 42)
    assert result.rest.whole_lane is whole_lane
    assert waits(result) == (0 if whole_lane else 42)  # behind a closed lane the gate says when


def test_a_template_and_a_message_stop_nobody_else() -> None:
    assert verdict(refused(Scope.TEMPLATE)).rest is None
    assert verdict(refused(Scope.MESSAGE)).rest is None


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [(42.0, 42.0), (0.5, 0.5), (1e9, 600.0), (float("inf"), 600.0), (0.0, 5.0), (-3.0, 5.0), (float("nan"), 5.0)],
)
def test_the_providers_wish_is_honoured_and_clamped(wish: float, seconds: float) -> None:
    rest = verdict(refused(Scope.LANE, retry_after=wish)).rest
    assert rest is not None
    assert rest.seconds == seconds


def test_what_somebody_chose_counts_and_a_reason_code_goes_before_its_scope() -> None:
    chosen = Retries({"message": {"tries": 2, "base_seconds": 30.0}, "no": {"base_seconds": 1.0, "jitter": 0.0}})
    retry = chosen.of(refused(Scope.MESSAGE))
    assert (retry.tries, retry.base_seconds, retry.factor) == (2, 1.0, DEFAULTS["message"].factor)
    assert verdict(refused(Scope.MESSAGE), tries=1, retries=chosen).state is State.DEAD
    assert waits(verdict(refused(Scope.MESSAGE), retries=chosen)) == 1.0


def test_waits_grow_by_their_factor_up_to_their_cap_and_vary_by_their_jitter() -> None:
    plain = Retries({"message": {"base_seconds": 2.0, "factor": 3.0, "cap_seconds": 50.0, "jitter": 0.0}})
    retry, dice = plain.of_failure(Scope.MESSAGE), random.Random(7)
    again = refused(Scope.MESSAGE)
    assert [wait_seconds(again, retry, times, dice) for times in (1, 2, 3, 4, 400)] == [2, 6, 18, 50, 50]
    uneven = msgspec.structs.replace(retry, jitter=0.5)
    some = [wait_seconds(again, uneven, 2, dice) for _ in range(400)]
    assert (min(some) >= 3, max(some) <= 9) == (True, True)
    assert sum(some) / len(some) == pytest.approx(6, rel=0.05)


def test_too_old_is_dead_whoever_refused() -> None:
    for scope in Scope:
        result = verdict(refused(scope, retry_after=1), age=timedelta(seconds=MAX_AGE_SECONDS + 1))
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
