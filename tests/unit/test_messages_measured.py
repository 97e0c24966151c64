"""How late a message was: counted from when it could go, not from when somebody wrote it."""

from datetime import UTC, datetime, timedelta

import pytest

from anclora.kit.ids import MessageId, new_id
from anclora.messages.attempt import Result
from anclora.messages.intent import Intent
from anclora.messages.measured import durations
from anclora.messages.model import MessageClass, State
from anclora.messages.rules import Trial, Verdict
from anclora.providers.contract import Sent, Text
from anclora.queue import Claimed

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def result(*, due_seconds: float, waited_ms: int | None, took_seconds: float = 0.2) -> Result:
    """A message that has been due for so long when its right to be sent was committed."""
    intent = Intent(
        id=MessageId(new_id()),
        attempt=1,
        instance="one",
        recipient="34600111222",
        content=Text(text="hola"),
        trial=Trial(
            kind=MessageClass.UTILITY, tries=0, lane_refusals=0, due_since=NOW - timedelta(seconds=due_seconds)
        ),
        intent_at=NOW,
        began_boot_seconds=0.0,
        claimed=Claimed("1", "send:one", "t", False, "34600111222", 2, 0, waited_ms),
    )
    at = NOW + timedelta(seconds=took_seconds)
    return Result(intent=intent, outcome=Sent(provider_id="x"), verdict=Verdict(state=State.SENT), at=at)


@pytest.mark.parametrize(
    ("due_seconds", "waited_ms", "served_ago_seconds", "late_seconds"),
    [
        (0.05, 900, 5, 0.25),  # it came a moment ago
        (1_000, 40, 5, 0.24),  # behind its lane's pace or its order: ready only since the last look
        (1_000, 90_000, 5, 90.2),  # ready for long, and nobody had a hand free
        (1_000, -150, 5, 0.05),  # its slot comes 150 ms after the right to send it
        (1_000, None, 60, 60.2),  # the first look of a new process: since the last one lived
        (10, None, 3_600, 10.2),
    ],
)
def test_lateness_is_counted_from_when_it_could_go(
    due_seconds: float, waited_ms: int | None, served_ago_seconds: float, late_seconds: float
) -> None:
    found = durations(
        result(due_seconds=due_seconds, waited_ms=waited_ms), served_seconds=NOW.timestamp() - served_ago_seconds
    )
    assert found[1] == pytest.approx(late_seconds, abs=1e-6)
    assert found[0] == pytest.approx(0.05 if waited_ms and waited_ms < 0 else 0.2, abs=1e-6)


def test_clocks_that_differ_a_little_make_nothing_negative() -> None:
    assert durations(result(due_seconds=-1, waited_ms=0, took_seconds=-0.1), served_seconds=0.0) == (0.0, 0.0)
