"""The state machine: what the diagram says is what the table does."""

import pytest

from anclora.messages.model import FINAL, RANKS, TRANSITIONS, IllegalStepError, State, step


def test_every_state_has_its_row_and_every_step_leads_to_a_state() -> None:
    assert set(TRANSITIONS) == set(State)
    assert all(target in State for targets in TRANSITIONS.values() for target in targets)


@pytest.mark.parametrize("start", list(State))
@pytest.mark.parametrize("target", list(State))
def test_a_step_is_taken_or_raises(start: State, target: State) -> None:
    if target in TRANSITIONS[start]:
        assert step(start, target) is target
    else:
        with pytest.raises(IllegalStepError, match=f"{start} cannot become {target}"):
            step(start, target)


def test_receipts_never_regress() -> None:
    for low in RANKS:
        for high in RANKS:
            assert (high in TRANSITIONS[low]) == (RANKS[high] > RANKS[low])


def test_nothing_leads_back_to_sending_except_the_queue() -> None:
    assert [start for start in State if State.SENDING in TRANSITIONS[start]] == [State.QUEUED]


def test_doubt_is_not_final_and_a_final_state_never_goes_out_again_by_itself() -> None:
    assert State.UNKNOWN not in FINAL
    assert all(State.SENDING not in TRANSITIONS[state] for state in FINAL)
