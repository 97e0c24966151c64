"""The life of a message, one idea a test. The whole picture: `anclora/messages/model.py`."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from anclora.messages.model import DEFAULT_PRIORITY, FINAL, TRANSITIONS, IllegalStepError, MessageClass, State, step
from anclora.messages.retries import DEFAULTS, Retries
from anclora.messages.rules import Trial, Verdict, due_moment, judge
from anclora.providers.contract import Outcome, Refused, Scope, Sent, Unknown

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


def verdict(outcome: Outcome, *, tries: int = 0) -> Verdict:
    trial = Trial(kind=MessageClass.UTILITY, tries=tries, lane_refusals=0, due_since=NOW)
    return judge(outcome, trial, retries=Retries(), max_age_seconds=86_400, now=NOW, dice=random.Random(1))


def test_a_message_is_queued_then_sending_then_sent_then_delivered_then_read() -> None:
    state = State.QUEUED
    for following in (State.SENDING, State.SENT, State.DELIVERED, State.READ):
        state = step(state, following)
    assert state is State.READ


def test_a_step_the_machine_does_not_have_is_a_defect_and_raises() -> None:
    with pytest.raises(IllegalStepError):
        step(State.READ, State.QUEUED)


def test_a_message_waits_as_scheduled_until_its_time_comes() -> None:
    later = NOW + timedelta(hours=1)
    assert due_moment(later, None, now=NOW) == later
    assert due_moment(NOW, None, now=NOW) is None
    assert step(State.SCHEDULED, State.QUEUED) is State.QUEUED


def test_unknown_is_no_end_and_is_never_left_by_a_guess() -> None:
    """A request left and no answer came. Only evidence moves the message on: it went out, it did not, or a person."""
    assert State.UNKNOWN not in FINAL
    assert State.SENDING not in TRANSITIONS[State.UNKNOWN]


def test_a_canceled_message_never_leaves() -> None:
    assert TRANSITIONS[State.CANCELED] == frozenset()
    assert State.CANCELED not in TRANSITIONS[State.SENDING]


def test_what_a_message_is_for_says_who_goes_first() -> None:
    reply, utility, marketing = (DEFAULT_PRIORITY[kind] for kind in MessageClass)
    assert reply < utility < marketing


def test_what_the_provider_took_is_sent() -> None:
    assert verdict(Sent(provider_id="3EB0")).state is State.SENT


def test_what_it_refuses_for_good_has_failed() -> None:
    refused = Refused(scope=Scope.RECIPIENT, code="not_on_whatsapp", text="no such number", permanent=True)
    assert verdict(refused).state is State.FAILED


def test_what_it_refuses_for_now_is_tried_again_later_and_at_last_is_dead() -> None:
    refused = Refused(scope=Scope.MESSAGE, code="media_not_fetched", text="404")
    again = verdict(refused)
    assert again.state is State.QUEUED
    assert again.next_attempt_at is not None
    assert again.next_attempt_at > NOW
    assert verdict(refused, tries=DEFAULTS["message"].tries - 1).state is State.DEAD


def test_a_number_that_refuses_rests_as_a_whole_and_the_message_pays_nothing() -> None:
    refused = Refused(scope=Scope.LANE, code="disconnected", text="Connection Closed")
    rest = verdict(refused).rest
    assert rest is not None
    assert (rest.whole_lane, rest.seconds) == (True, DEFAULTS["lane"].base_seconds)
    assert not verdict(refused).costs_try


def test_what_nobody_can_know_is_unknown() -> None:
    assert verdict(Unknown(code="timed_out", text="no answer in 60 s")).state is State.UNKNOWN
