"""What sources make of what they read, without anybody to ask: logs, listings, reviews, slow commands, issues."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anclora.playbook.sources.github import _Head, _Pull, _Review, _User, approvers  # pyright: ignore[reportPrivateUsage]
from anclora.playbook.sources.logs import parsed
from anclora.playbook.sources.redis import normalised
from anclora.playbook.sources.sentry import Issue, counted

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level":"ERROR","event":"loop_failed","timestamp":"2026-11-27T08:00:00Z"}', "error"),
        ('{"level":"error"}', "error"),
        (' {"level": "Critical", "event": "x"}', "critical"),
        ('{"level":"info","event":"an error was mended"}', "info"),
        ("ERROR: plain text", None),
        ('{"level": 50}', None),
        ('{"level":"error"', None),
        ("[1]", None),
    ],
)
def test_a_line_counts_by_its_level_whatever_its_capitals(line: str, level: str | None) -> None:
    found = parsed(line)
    assert (found.level if found else None) == level


def test_a_number_in_the_name_of_an_event_is_masked() -> None:
    found = parsed('{"level":"error","event":"call to +34600111222 failed"}')
    assert found is not None
    assert found.event == "call to +34…22 failed"


def test_an_approval_is_somebody_elses_last_word_on_this_very_commit() -> None:
    pull = _Pull(number=7, user=_User("ana"), head=_Head("c0ffee"))

    def said(who: str | None, state: str, commit: str = "c0ffee") -> _Review:
        return _Review(state=state, user=_User(who) if who else None, commit_id=commit)

    assert approvers(pull, [said("ben", "APPROVED"), said("ben", "COMMENTED")]) == {"ben"}
    assert approvers(pull, [said("ana", "APPROVED")]) == set()
    assert approvers(pull, [said("ben", "APPROVED", "older")]) == set()
    assert approvers(pull, [said("ben", "APPROVED"), said("ben", "CHANGES_REQUESTED")]) == set()
    assert approvers(pull, [said("ben", "APPROVED"), said("ben", "DISMISSED")]) == set()
    assert approvers(pull, [said(None, "APPROVED")]) == set()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (b"SET contact:34600111222 hola", "SET"),
        ("evalsha 3f2c 1 {s07}:ready 34600111222", "EVALSHA (script)"),
        ("SLOWLOG GET 10", "SLOWLOG GET"),
        ("CLIENT 34600111222", "CLIENT"),
        ("34600111222 x", "?"),
        ("", "?"),
    ],
)
def test_no_argument_of_a_slow_command_is_kept(command: bytes | str, name: str) -> None:
    assert normalised(command) == name


def test_news_of_sentry_is_what_is_new_or_came_back() -> None:
    old, young = NOW - timedelta(days=3), NOW - timedelta(hours=3)
    found = [
        Issue(short_id="A-1", first_seen=young, count="3"),
        Issue(short_id="A-2", first_seen=old, substatus="ongoing"),
        Issue(short_id="A-3", first_seen=old, substatus="regressed"),
    ]
    reading = counted(found, NOW)
    assert reading.value == 2
    assert list(reading.facts) == ["A-1 (error, 3 x, new)", "A-3 (error, ? x, regressed)"]


def test_the_sources_stand_one_module_each_behind_one_contract() -> None:
    folder = Path(__file__).parents[2] / "anclora" / "playbook" / "sources"
    for path in folder.glob("*.py"):
        if path.stem not in ("__init__", "contract", "web", "aws", "cloudwatch"):
            assert "\nQUERIES: Mapping[str, Query] = {" in path.read_text(encoding="utf-8"), path.name
