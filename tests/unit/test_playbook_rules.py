"""What a measured value means, when a routine is due, which rail stands in the way, and how a run reads."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from anclora.kit.ids import new_id
from anclora.notify.contract import check_notice
from anclora.playbook import BOOK, Checklist, Result, Run, Verdict, head_of, is_red, notes_of, rows_of, summary_of
from anclora.playbook.fix import rail
from anclora.playbook.model import Check
from anclora.playbook.post import notice_of
from anclora.playbook.rules import judge, slot_of, usual, without_data
from anclora.reports import Lang

MADRID = "Europe/Madrid"
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
MORNING = {check.id: check for check in BOOK[Checklist.MORNING].check}


def like(check: Check, **changes: Any) -> Check:
    return msgspec.structs.replace(check, **changes)


@pytest.mark.parametrize(
    ("comparison", "threshold", "value", "good"),
    [
        ("below", 1000, 999, True),
        ("below", 1000, 1000, False),
        ("at_most", 0, 0, True),
        ("at_most", 0, 1, False),
        ("at_least", 15, 15, True),
        ("at_least", 15, 14.9, False),
        ("at_least", -5, -5.1, False),
        ("is", "healthy", "healthy", True),
        ("is", "healthy", "degraded", False),
    ],
)
def test_a_value_is_as_expected_or_a_finding(comparison: Any, threshold: Any, value: Any, good: bool) -> None:
    check = like(MORNING["backlog"], comparison=comparison, threshold=threshold)
    assert judge(check, value) is (Verdict.OK if good else Verdict.FINDING)


def test_the_playbooks_own_limits_are_the_books() -> None:
    assert (MORNING["backlog"].comparison, MORNING["backlog"].threshold) == ("below", 1000)
    assert (MORNING["error_logs"].comparison, MORNING["error_logs"].threshold) == ("below", 10)
    assert (MORNING["health"].comparison, MORNING["health"].threshold) == ("is", "healthy")
    assert {name: (its.at, its.weekday, its.day) for name, its in BOOK.items() if its.at} == {
        Checklist.MORNING: ("10:00", 0, 0),
        Checklist.EVENING: ("18:00", 0, 0),
        Checklist.WEEKLY: ("10:00", 1, 0),
        Checklist.MONTHLY: ("10:00", 0, 1),
    }


def result(check: str, verdict: Verdict, **more: Any) -> Result:
    return Result(check=check, verdict=verdict, at=NOW, took_ms=1.0, **more)


def test_only_what_was_seen_and_is_right_is_green() -> None:
    morning, gate = BOOK[Checklist.MORNING], BOOK[Checklist.PRE_DEPLOY]
    for verdict in (Verdict.FINDING, Verdict.UNKNOWN):
        assert is_red(morning, [result("health", Verdict.OK), result("backlog", verdict)])
    assert not is_red(morning, [result("health", Verdict.OK), result("sentry", Verdict.NOT_CONFIGURED)])
    assert is_red(morning, [result("sentry", Verdict.NOT_CONFIGURED)], strict=True)
    assert is_red(gate, [result("staging", Verdict.NOT_CONFIGURED)])
    assert without_data(MORNING["error_logs"]) is Verdict.UNKNOWN
    assert without_data(MORNING["backup"]) is Verdict.FINDING


def slots(checklist: Checklist, start: datetime, hours: int) -> list[str]:
    """Each slot of a span, looked for every ten minutes, by the clock on the wall."""
    found: list[datetime] = []
    for step in range(hours * 6):
        now = start + timedelta(minutes=10 * step)
        slot = slot_of(BOOK[checklist], now, MADRID)
        if slot is not None and slot > start and slot not in found:
            assert slot <= now < slot + timedelta(minutes=10)
            found.append(slot)
    return [f"{slot.astimezone(ZoneInfo(MADRID)):%a %d %H:%M %z}" for slot in found]


def test_ten_stays_ten_when_the_clocks_change() -> None:
    assert slots(Checklist.MORNING, datetime(2026, 3, 28, tzinfo=UTC), 48) == [
        "Sat 28 10:00 +0100",
        "Sun 29 10:00 +0200",
    ]
    assert slots(Checklist.EVENING, datetime(2026, 10, 24, tzinfo=UTC), 48) == [
        "Sat 24 18:00 +0200",
        "Sun 25 18:00 +0100",
    ]


def test_mondays_the_first_and_never() -> None:
    november = datetime(2026, 10, 31, tzinfo=UTC)
    assert slots(Checklist.WEEKLY, november, 24 * 12) == ["Mon 02 10:00 +0100", "Mon 09 10:00 +0100"]
    assert slots(Checklist.MONTHLY, november, 24 * 32) == ["Sun 01 10:00 +0100", "Tue 01 10:00 +0100"]
    assert slot_of(BOOK[Checklist.PRE_DEPLOY], NOW, MADRID) is None


def test_what_is_usual_is_the_middle() -> None:
    assert usual([]) is None
    assert usual([4, 100, 6, 8]) == 7


def fixes(*of: tuple[str, int, str | None]) -> list[dict[str, Any]]:
    return [{"action": name, "began_at": NOW - timedelta(minutes=ago), "result": how} for name, ago, how in of]


def test_the_rails_of_a_safe_action() -> None:
    assert rail("mend", [], NOW) is None
    assert rail("mend", fixes(("mend", 5, "fixed"), ("mend", 9, "fixed")), NOW) is None
    assert "3 times" in str(rail("mend", fixes(*[("mend", ago, "fixed") for ago in (5, 9, 50)]), NOW))
    assert rail("mend", fixes(*[("mend", ago, "fixed") for ago in (5, 9, 61)]), NOW) is None
    assert "in a row" in str(rail("mend", fixes(("mend", 100, "failed"), ("mend", 300, None)), NOW))
    assert rail("mend", fixes(("mend", 100, "fixed"), ("mend", 200, "failed"), ("mend", 300, "failed")), NOW) is None
    others = fixes(*[(f"other{each}", each, "fixed") for each in range(10)])
    assert "10 safe actions" in str(rail("mend", others, NOW))


def a_run(*results: Result) -> Run:
    return Run(
        id=new_id(), checklist=Checklist.MORNING, due_at=None, started_at=NOW, ended_at=NOW, actor="x", results=results
    )


BAD = a_run(
    result("backlog", Verdict.FINDING, value=1200.0, usual=12.5, facts=["ventas: 1200"]),
    result("sentry", Verdict.NOT_CONFIGURED, reason="SENTRY_ORG"),
    result("error_logs", Verdict.UNKNOWN, reason="Nothing at all was written."),
    result("health", Verdict.OK, value="healthy"),
)


@pytest.mark.parametrize(
    ("lang", "row", "sum_"),
    [
        ("en", ("FINDING", "Backlog", "1,200 waiting", "below 1,000", "12.5", "10:00:00"), "1 finding, 1 unknown"),
        ("es", ("HALLAZGO", "Cola", "1.200 en espera", "menos de 1.000", "12,5", "10:00:00"), "1 hallazgo, 1 sin"),
    ],
)
def test_a_run_reads_in_both_languages(lang: Lang, row: tuple[str, ...], sum_: str) -> None:
    assert rows_of(BAD, lang, MADRID)[0] == (Verdict.FINDING, row)
    assert summary_of(BAD, lang).startswith(sum_)
    assert "2026-11-27 10:00" in head_of(BAD, lang, MADRID)
    notes = {name: lines for _, name, lines in notes_of(BAD, lang)}
    assert len(notes) == 3  # what is green needs no words
    assert notes[row[1]][0] == "ventas: 1200"
    assert "AncloraQueueBacklogWarning" in notes[row[1]][1]
    assert "SENTRY_ORG" in notes["Sentry"][0]
    assert len(notes_of(BAD, lang, all_of_them=True)) == 4


def test_a_run_is_told_by_exception() -> None:
    red, green = (
        notice_of(BAD, "en", MADRID),
        notice_of(a_run(result("health", Verdict.OK, value="healthy")), "en", MADRID),
    )
    check_notice(red)
    check_notice(green)
    assert (red.severity.value, green.severity.value) == ("warning", "info")
    assert red.title == "Morning routine 2026-11-27 10:00: 1 finding, 1 unknown, 1 not set up, 1 ok"
    assert red.text.startswith("FINDING: Backlog\n  ventas: 1200\n")
    assert green.text == "Health: healthy (healthy) ok"


def test_the_first_of_a_month_is_found_from_anywhere_in_it() -> None:
    for day in range(1, 32):
        slot = slot_of(BOOK[Checklist.MONTHLY], datetime(2027, 1, day, 12, tzinfo=UTC), MADRID)
        assert slot is not None
        assert slot.date() == date(2027, 1, 1)
