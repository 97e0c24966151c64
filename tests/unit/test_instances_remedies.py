"""Which remedy a number gets, every guard rail of it, and when a remedy counts as one that helped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anclora.instances.remedies import Decision, Mend, Patient, decide, verify

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def mend(began: float, result: str | None = "failed", *, lasted: float = 60) -> Mend:
    ended = None if result is None else ago(began - lasted)
    return Mend(
        instance="sales", remedy="restart", began_at=ago(began), acted_at=ago(began), ended_at=ended, result=result
    )


def decision(status: str = "stalled", *mends: Mend, since: float = 900, **facts: Any) -> Decision:
    patient = Patient(
        name="sales",
        status=status,
        since=ago(since),
        reason="why",
        stopped=facts.pop("stopped", False),
        mends=sorted(mends, key=lambda each: each.began_at, reverse=True),
    )
    usual: dict[str, Any] = {"busy": None, "all_in_an_hour": 0, "per_hour": 3, "per_hour_all": 10}
    return decide(patient, **{**usual, **facts}, now=NOW)


@pytest.mark.parametrize(
    ("status", "remedy"), [("disconnected", "connect"), ("connecting", "restart"), ("stalled", "restart")]
)
def test_each_state_has_its_remedy(status: str, remedy: str) -> None:
    assert (decision(status).step, decision(status).remedy) == ("act", remedy)


@pytest.mark.parametrize(("status", "seconds"), [("disconnected", 30), ("connecting", 120), ("stalled", 10)])
def test_a_state_may_mend_itself_first(status: str, seconds: float) -> None:
    assert decision(status, since=seconds - 1).step == "wait"
    assert decision(status, since=seconds).step == "act"


@pytest.mark.parametrize("status", ["logged_out", "missing"])
def test_what_only_a_person_can_do_is_said_and_nothing_is_tried(status: str) -> None:
    found = decision(status, since=0)
    assert (found.step, found.remedy) == ("notice", None)
    assert "anclora instances" in found.why


def test_a_number_that_is_well_is_left_alone() -> None:
    assert decision("connected").step == "wait"


def test_a_pairing_or_a_deploy_is_not_disturbed() -> None:
    assert decision(busy="a pairing is under way") == Decision(step="wait", why="a pairing is under way")


def test_one_remedy_at_a_time_and_then_a_rest() -> None:
    assert decision("stalled", mend(30, None)).step == "wait"
    # ended 119 s ago after one failure: two minutes of rest
    assert decision("stalled", mend(179)).step == "wait"
    assert decision("stalled", mend(180)).step == "act"
    assert decision("stalled", mend(119, "mended")).step == "wait"
    assert decision("stalled", mend(120, "mended")).step == "act"


def test_after_two_failures_it_stops_and_says_so() -> None:
    found = decision("stalled", mend(3_000), mend(1_000))
    assert found.step == "stop"
    assert "2 remedies that did not help" in found.why
    assert decision("stalled", mend(3_000), mend(1_000), stopped=True).step == "wait"
    assert decision("stalled", mend(5_000), mend(2_000, "mended"), mend(1_000)).step == "act"
    assert decision("stalled", mend(3_000), mend(2_000, "not_needed"), mend(1_000)).step == "stop"


def test_a_loop_of_remedies_that_help_for_a_while_is_stopped_too() -> None:
    loop = [mend(seconds, "mended") for seconds in (3_500, 2_000, 1_000)]
    found = decision("stalled", *loop)
    assert found.step == "stop"
    assert "3 times in an hour" in found.why
    assert decision("stalled", *loop[1:], mend(3_601, "mended")).step == "act"
    assert decision("stalled", *loop[1:], mend(3_500, "not_needed")).step == "act"


def test_all_numbers_together_have_a_limit() -> None:
    found = decision(all_in_an_hour=10)
    assert found.step == "wait"
    assert decision(all_in_an_hour=9).step == "act"


def begun(**facts: Any) -> Mend:
    usual: dict[str, Any] = {"instance": "sales", "remedy": "restart", "began_at": ago(30), "acted_at": ago(29)}
    return Mend(**{**usual, **facts})


@pytest.mark.parametrize(
    ("facts", "state", "against", "acked", "result"),
    [
        ({"acted_at": None}, "open", None, None, None),
        ({"acted_at": None, "began_at": ago(60)}, "open", None, None, "failed"),
        ({}, "connecting", None, None, None),
        ({"acted_at": ago(60)}, "connecting", None, None, "failed"),
        ({}, "open", None, None, None),  # not resumed yet
        ({"resumed_at": ago(20)}, "open", None, ago(21), None),  # acknowledged before
        ({"resumed_at": ago(20)}, "open", None, ago(19), "mended"),
        ({"resumed_at": ago(20)}, "open", "silence", ago(19), "failed"),
        ({"resumed_at": ago(119)}, "open", None, None, None),
        ({"resumed_at": ago(120)}, "open", None, None, "mended"),
    ],
)
def test_a_remedy_is_verified(
    facts: Any, state: str, against: str | None, acked: datetime | None, result: str | None
) -> None:
    outcome = verify(begun(**facts), state=state, against=against, acked_at=acked, now=NOW)
    assert (outcome and outcome.result) == result
