"""What people are told fits what channels carry, whatever a signal says; links lead where they should."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from anclora.incidents.measure import percentile
from anclora.incidents.model import Change, Incident, Level, State
from anclora.incidents.rules import Step
from anclora.incidents.words import (
    Places,
    acknowledged_notice,
    page_notice,
    planned,
    reminder_notice,
    resolved_notice,
    spelled,
    trend_line,
)
from anclora.kit.ids import new_id
from anclora.kit.severity import PRESSING, Severity
from anclora.notify.contract import check_notice

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
PLACES = Places("https://grafana.example.com/", "https://wa.example.com/", "Europe/Madrid")
STEP = Step(level=Level.BACKUP, person="ben", due_at=NOW, why="unacknowledged")


def incident(**words: object) -> Incident:
    known: dict[str, object] = {
        "id": new_id(),
        "fingerprint": "f",
        "name": "AncloraLaneNotDraining",
        "severity": Severity.CRITICAL,
        "summary": "Nothing has left the queue for 2 min",
        "labels": {"lane": "send:sales"},
        "source": "test",
        "runbook_url": None,
        "dashboard": None,
        "state": State.OPEN,
        "starts_at": NOW - timedelta(minutes=6),
        "opened_at": NOW - timedelta(minutes=5),
        "clock_at": NOW - timedelta(minutes=5),
        "spell": 0,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "ack_seconds": None,
        "cleared_at": None,
        "resolved_at": None,
        "resolved_by": None,
        "planned_for": None,
        "planned_owner": None,
        "reminders": 0,
        "signals": 1,
        "last_signal_at": NOW,
    }
    return Incident(**known | words)  # pyright: ignore[reportArgumentType]


def change(number: int) -> Change:
    about: dict[str, Any] = {"id": new_id(), "at": NOW - timedelta(hours=number), "kind": "deploy", "actor": "key:ci"}
    return Change(**about, action="deploy.release", subject="production", detail={"version": f"1.4.{number}" * 40})


def test_a_critical_one_carries_what_is_needed_to_begin() -> None:
    notice = page_notice(incident(), STEP, PLACES, NOW, changes=[change(each) for each in range(3)], trend={})
    check_notice(notice)
    assert [each.id for each in notice.actions] == ["acknowledge", "escalate"]
    facts = {each.name: each.value for each in notice.facts}
    assert facts["Called"] == "ben (backup): nobody acknowledged it in time"
    assert len(facts["Last changes"].splitlines()) == 3
    assert [line.split()[2] for line in facts["Or type"].splitlines()] == ["ack", "escalate"]  # a mail has no buttons
    since = int((NOW - timedelta(minutes=36)).timestamp() * 1000)
    assert notice.links[0].url == (
        f"https://grafana.example.com/d/queue-dashboard?from={since}&to={since + 66 * 60_000}"
    )
    assert notice.links[1].url == "https://wa.example.com/runbooks/AncloraLaneNotDraining"


def test_a_warning_carries_its_week_and_a_plan() -> None:
    mild = incident(severity=Severity.WARNING)
    notice = page_notice(mild, STEP, PLACES, NOW, changes=[], trend={date(2026, 11, 24): 3})
    check_notice(notice)
    assert [each.id for each in notice.actions] == ["acknowledge"]
    facts = {each.name: each.value for each in notice.facts}
    assert facts["Last 7 days"].endswith("24 Nov: 3, 25 Nov: 0")
    assert facts["Planned"] == planned(mild)
    reminder = {each.name: each.value for each in reminder_notice(mild, 1, PLACES, NOW, {}).facts}
    assert reminder.keys() == {"Since", "Details", "Last 7 days", "Planned", "Type"}
    assert (reminder["Details"], reminder["Planned"]) == ("lane=send:sales", planned(mild))
    assert planned(incident(planned_for=date(2026, 11, 27), planned_owner="ana")) == "2026-11-27, by ana"


@pytest.mark.parametrize("severity", PRESSING)
def test_the_longest_signal_is_told_too(severity: Severity) -> None:
    labels = {f"label{number}": "ü" * 200 for number in range(40)}
    long = incident(
        severity=severity,
        name="A" * 200,
        summary="s" * 500,
        labels=labels,
        runbook_url="javascript:alert(1)",
        dashboard="../x?y",
        acknowledged_by="b" * 200,
        resolved_by="c" * 200,
    )
    changes = [change(each) for each in range(3)]
    notices = [
        page_notice(long, STEP, PLACES, NOW, changes=changes, trend={}),
        acknowledged_notice(long, PLACES, NOW),
        resolved_notice(long, PLACES, NOW),
        reminder_notice(long, 3, PLACES, NOW, {}),
    ]
    for notice in notices:
        check_notice(notice)
        assert [each.title for each in notice.links] == ["Dashboard"]
        assert "/d/..%2Fx%3Fy?" in notice.links[0].url
    assert len({notice.key for notice in notices}) == 4


def test_without_addresses_there_are_no_links() -> None:
    assert Places(None, None, "Europe/Madrid").links(incident(), NOW) == []


def test_days_are_business_days_and_all_there() -> None:
    late = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)  # half past midnight in Madrid, the clocks went forward
    line = trend_line({date(2026, 3, 30): 1}, late, "Europe/Madrid")
    assert line == "24 Mar: 0, 25 Mar: 0, 26 Mar: 0, 27 Mar: 0, 28 Mar: 0, 29 Mar: 0, 30 Mar: 1"


def test_spans_and_percentiles() -> None:
    assert [spelled(each) for each in (0, 59.6, 192, 7_500)] == ["0 s", "1 min 0 s", "3 min 12 s", "2 h 5 min"]
    assert percentile([], 50) is None
    assert [percentile([4, 1, 3, 2], each) for each in (25, 50, 95)] == [1, 2, 4]
