"""What the traffic makes of a number, and when a change of it is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anclora.instances.model import state_of
from anclora.instances.rules import Change, Evidence, judge, news_of

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def evidence(**facts: Any) -> Evidence:
    usual: dict[str, Any] = {
        "name": "sales",
        "state": "open",
        "stalled_since": None,
        "stalled_reason": None,
        "opened_at": ago(86_400),
        "trusted_since": ago(86_400),
        "mending": False,
        "acked_at": ago(200),
        "unacked": 0,
        "unacked_since": None,
        "closed_at": None,
    }
    return Evidence(**{**usual, **facts})


@pytest.mark.parametrize(
    ("unacked", "seconds", "stalls"),
    [(0, None, False), (1, 89, False), (1, 90, True), (2, 89, False), (3, 59, False), (3, 60, True), (50, 179, True)],
)
def test_acknowledgements_that_stop_stall_a_number_within_two_minutes(
    unacked: int, seconds: float | None, stalls: bool
) -> None:
    found = evidence(unacked=unacked, unacked_since=None if seconds is None else ago(seconds))
    reason = judge(found, NOW)
    assert (reason is not None) == stalls
    assert reason is None or "not acknowledged" in reason


def test_a_number_that_never_was_acknowledged_is_not_judged_by_that() -> None:
    assert judge(evidence(acked_at=None, unacked=9, unacked_since=ago(170)), NOW) is None


@pytest.mark.parametrize(
    ("closed", "acked", "trusted", "stalls"),
    [
        (10, 200, 900, True),
        (301, 400, 900, False),  # long ago
        (10, 5, 900, False),  # and acknowledged since
        (10, 200, 5, False),  # and opened anew since
    ],
)
def test_a_connection_that_is_closed_by_its_answers_is_not_open(
    closed: float, acked: float, trusted: float, stalls: bool
) -> None:
    found = evidence(closed_at=ago(closed), acked_at=ago(acked), trusted_since=ago(trusted))
    assert (judge(found, NOW) is not None) == stalls


@pytest.mark.parametrize(
    ("inbound", "usual", "trusted", "stalls"),
    [
        (0, [12, 30, 10], 8_000, True),
        (1, [12, 30, 10], 8_000, False),
        (None, [12, 30, 10], 8_000, False),
        (0, [12, 30], 8_000, False),  # too few weeks
        (0, [12, 30, 9], 8_000, False),  # one of them was as silent
        (0, [12, 30, 10], 7_000, False),  # not open for two hours yet
    ],
)
def test_silence_is_judged_by_what_is_usual_at_this_hour(
    inbound: int | None, usual: list[int], trusted: float, stalls: bool
) -> None:
    found = evidence(inbound=inbound, usual=usual, trusted_since=ago(trusted))
    assert (judge(found, NOW) is not None) == stalls


def test_a_judgement_stays_until_the_opposite_is_seen() -> None:
    stalled: dict[str, Any] = {"stalled_since": ago(600), "stalled_reason": "why"}
    assert judge(evidence(**stalled, acked_at=ago(700)), NOW) == "why"
    assert judge(evidence(**stalled, acked_at=ago(500)), NOW) is None
    assert judge(evidence(**stalled, acked_at=ago(700), opened_at=ago(500)), NOW) is None
    assert judge(evidence(**stalled, acked_at=ago(500), opened_at=ago(500), mending=True), NOW) == "why"


def change(**facts: Any) -> Change:
    usual: dict[str, Any] = {
        "name": "sales",
        "status": "stalled",
        "told": "connected",
        "told_at": ago(3_600),
        "reason": "why",
        "changes": 1,
        "first_at": ago(40),
        "changed_at": ago(40),
    }
    return Change(**{**usual, **facts})


def test_a_change_is_told_once_it_has_settled() -> None:
    assert news_of(change(changed_at=ago(29), first_at=ago(29)), NOW) is None
    told = news_of(change(), NOW)
    assert told is not None
    assert told.data == {"status": "stalled", "was": "connected", "reason": "why", "changes": 1, "flapping": False}


@pytest.mark.parametrize("status", ["logged_out", "missing"])
def test_what_needs_a_person_is_told_at_once(status: str) -> None:
    told = news_of(change(status=status, changed_at=NOW, first_at=NOW), NOW)
    assert told is not None
    assert told.data is not None


def test_a_short_break_is_told_to_nobody() -> None:
    told = news_of(change(status="connected", changes=2), NOW)
    assert told is not None
    assert told.data is None


def test_many_flaps_are_one_event() -> None:
    flaps: dict[str, Any] = {"status": "connected", "changes": 40, "changed_at": ago(1)}
    assert news_of(change(**flaps, first_at=ago(299)), NOW) is None
    told = news_of(change(**flaps, first_at=ago(300)), NOW)
    assert told is not None
    assert told.data is not None
    assert (told.data["changes"], told.data["flapping"]) == (40, True)


@pytest.mark.parametrize(
    ("word", "reason", "state"),
    [
        ("open", 200, "open"),
        ("connecting", 200, "connecting"),
        ("close", 401, "logged_out"),
        ("close", 403, "logged_out"),
        ("close", 402, "logged_out"),
        ("close", 406, "logged_out"),
        ("close", 428, "close"),
        ("close", None, "close"),
        ("refused", 428, "close"),
        ("unknown", None, "close"),
        ("sleeping", None, "connecting"),
    ],
)
def test_the_state_behind_a_word(word: str, reason: int | None, state: str) -> None:
    assert state_of(word, reason) == state
