"""A drill fails when a message is lost; that the monthly set passes is played in test_playbook_verbatim.py."""

import pytest

from anclora.cli.drill import run
from anclora.drills import Scenario, Step


@pytest.mark.timeout(600)
async def test_a_lost_message_fails_the_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SCRIPT", {**run.SCRIPT, "swallow": {"text": "#00100 "}})
    said: list[Step] = []
    drill = await run.play(Scenario.REDIS_LOSS, 200, said.append)
    assert (drill.lost, drill.doubled, drill.passed) == (1, 0, False)
    assert "1 messages were lost." in drill.failures
    assert list(drill.steps) == said
