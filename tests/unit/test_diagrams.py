"""Diagrams are drawn from what the code decides by: another rule is another picture."""

import re

import pytest

from anclora.incidents import rules
from anclora.messages.model import TRANSITIONS, State
from scripts import diagrams


def test_every_step_of_a_message_is_an_arrow_and_no_other() -> None:
    drawn = set(re.findall(r"^  (\w+) --> (\w+)$", diagrams.states(), re.MULTILINE))
    assert drawn == {(state.value, to.value) for state, steps in TRANSITIONS.items() for to in steps}


def test_a_step_that_is_added_changes_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    before = diagrams.states()
    monkeypatch.setattr(diagrams, "TRANSITIONS", {**TRANSITIONS, State.PLAYED: frozenset({State.QUEUED})})
    assert "  played --> queued\n" in diagrams.states()
    assert "  played --> queued\n" not in before


def test_escalation_is_as_the_clocks_say(monkeypatch: pytest.MonkeyPatch) -> None:
    arrows = re.findall(r'-- "(.+)" --> (\w+)', diagrams.escalation())
    assert arrows == [
        ("at once", "critical_oncall"),
        ("nobody has it for 5 min", "critical_backup"),
        ("not resolved for 30 min", "critical_devops_lead"),
        ("not resolved for 60 min", "critical_cto"),
        ("at once", "warning_oncall"),
        ("nobody has it for 30 min", "warning_backup"),
    ]
    monkeypatch.setattr(rules, "CTO_SECONDS", 7_200.0)
    assert "not resolved for 120 min" in diagrams.escalation()


def test_a_channel_that_fails_leads_to_the_next() -> None:
    drawn = diagrams.ways()
    assert '  critical_pagerduty_pagerduty[pagerduty] -- "fails" --> critical_pagerduty_voice[voice]' in drawn
    assert "  info([info]) --> info_webhook_webhook[webhook]" in drawn


def test_the_ladder_has_every_row_once() -> None:
    drawn = re.findall(r'row\d+\["(.+)"\]', diagrams.ladder())
    assert (drawn[0], drawn[-1]) == ("__main__", "kit")
    assert len(drawn) == len(set(drawn)) > 10
