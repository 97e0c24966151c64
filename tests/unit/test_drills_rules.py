"""A drill passes only when everything is as promised, and the last line is that of the worst."""

from datetime import UTC, datetime

import msgspec
import pytest

from anclora.drills import Drill, Scenario, Step, failures_of, last_line, report

GOOD = Drill(
    scenario=Scenario.REDIS_LOSS,
    started_at=datetime(2026, 1, 31, 9, 0, tzinfo=UTC),
    seconds=41.2,
    messages=5_000,
    rto_seconds=3.4,
    rpo_seconds=0.0,
    lost=0,
    doubled=0,
    figures_off=0,
    steps=(Step(at_seconds=6.1, what="Redis was killed."),),
)


def test_as_promised_is_no_failure() -> None:
    assert failures_of(GOOD) == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rto_seconds": 121.0}, "It took 121 s to come back; promised are 120 s."),
        ({"rto_seconds": None}, "It did not come back."),
        ({"rpo_seconds": 12.0}, "What was accepted up to 12 s before the failure is lost."),
        ({"lost": 3}, "3 messages were lost."),
        ({"doubled": 2}, "2 messages went out twice."),
        ({"figures_off": 1}, "1 figures are not what the rows say."),
        ({"failures": ("The old key still works.",)}, "The old key still works."),
    ],
)
def test_what_is_not_as_promised_is_named(change: dict[str, object], says: str) -> None:
    assert failures_of(msgspec.structs.replace(GOOD, **change)) == (says,)


def test_the_last_line_is_of_the_worst() -> None:
    slow = msgspec.structs.replace(GOOD, rto_seconds=12.34, rpo_seconds=2.0, lost=1)
    assert last_line([GOOD, slow, GOOD]) == "RTO 12.3 s RPO 2 s lost 1"
    assert last_line([slow, msgspec.structs.replace(GOOD, rto_seconds=None)]) == "RTO never RPO 2 s lost 1"


def test_the_report_names_verdict_measure_and_diary() -> None:
    failed = msgspec.structs.replace(GOOD, lost=3, failures=("3 messages were lost.",))
    text = report([GOOD, failed])
    assert text.startswith("# Disaster drill of 2026-01-31 09:00 UTC: 1 of 2 failed\n")
    assert "| redis-loss | 2 min, nothing lost | 3.4 s | 0 of 5,000 | 0 | passed |" in text
    assert "- **3 messages were lost.**\n- 6.1 s: Redis was killed.\n" in text
    assert text.endswith("\nRTO 3.4 s RPO 0 s lost 3\n")
