"""Days of logs and when they are over; the lifecycle rule; what is kept of a slow command or statement."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from anclora.logs.model import LocalLog, StoredLog
from anclora.logs.rules import (
    RULE_ID,
    day_in_key,
    day_in_name,
    expiry_rule,
    is_closed,
    key_of,
    may_be_pruned,
    too_old,
    why_not_expiring,
    with_rule,
)
from anclora.logs.slow import command_name, grouped, postgres_advice, statement_shape
from anclora.queue.scripts import text_of

TODAY = date(2026, 4, 30)


@pytest.mark.parametrize(
    ("name", "day"),
    [("api-2026-01-31.log", date(2026, 1, 31)), ("2026-01-31.jsonl", date(2026, 1, 31)), ("api.log", None),
     ("api-2026-02-30.log", None), ("12026-01-310.log", None)],
)  # fmt: skip
def test_the_day_stands_in_the_name(name: str, day: date | None) -> None:
    assert day_in_name(name) == day


@pytest.mark.parametrize(
    ("key", "prefix", "day"),
    [("2026-01-31/a/x.gz", "", date(2026, 1, 31)), ("logs/2026-01-31/x", "logs/", date(2026, 1, 31)),
     ("2026-01-31/x", "logs/", None), ("logs/x/2026-01-31/y", "logs/", None), ("2026-13-01/x", "", None),
     ("2026-01-31/", "", None)],
)  # fmt: skip
def test_the_day_begins_the_key(key: str, prefix: str, day: date | None) -> None:
    assert day_in_key(key, prefix) == day


def test_a_day_is_over_five_minutes_after_midnight_in_utc() -> None:
    day = date(2026, 1, 31)
    assert not is_closed(day, datetime(2026, 2, 1, 0, 4, 59, tzinfo=UTC))
    assert is_closed(day, datetime(2026, 2, 1, 0, 5, tzinfo=UTC))
    assert not may_be_pruned(day, datetime(2026, 2, 7, 12, tzinfo=UTC), local_days=7)
    assert may_be_pruned(day, datetime(2026, 2, 8, 12, tzinfo=UTC), local_days=7)
    assert not may_be_pruned(day, datetime(2026, 1, 31, 12, tzinfo=UTC), local_days=0)


def test_a_log_of_exactly_90_days_stays() -> None:
    logs = [StoredLog(key=str(age), day=TODAY - timedelta(days=age), size_bytes=1) for age in (89, 90, 91, 120)]
    logs.append(StoredLog(key="undated", day=None, size_bytes=1))
    assert [log.key for log in too_old(logs, TODAY, days=90)] == ["91", "120"]


def test_a_key_names_day_machine_and_file() -> None:
    log = LocalLog(path=Path("/x/api-2026-01-31.log"), day=date(2026, 1, 31))
    assert key_of(log, prefix="l/", host="web1") == "l/2026-01-31/web1/api-2026-01-31.log.gz"
    assert key_of(log, prefix="", host="web1", digest="abcdef0123456789").endswith(".abcdef012345.gz")


def rule(**values: Any) -> dict[str, Any]:
    return {**expiry_rule(""), "ID": "theirs", **values}


@pytest.mark.parametrize(
    ("rules", "prefix", "good"),
    [
        ([], "", False),
        ([expiry_rule("")], "", True),
        ([expiry_rule("")], "logs/", True),
        ([expiry_rule("logs/")], "", False),
        ([rule(Expiration={"Days": 30})], "", True),
        ([rule(Expiration={"Days": 91})], "", False),
        ([rule(Status="Disabled")], "", False),
        ([rule(Filter={"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}})], "", False),
        ([rule(Expiration={"Date": "2026-01-01"})], "", False),
    ],
)
def test_a_rule_counts_when_it_expires_every_log_in_time(
    rules: list[dict[str, Any]], prefix: str, *, good: bool
) -> None:
    assert (why_not_expiring(rules, prefix) is None) is good


def test_other_rules_stay_when_ours_is_set() -> None:
    other = {"ID": "media", "Status": "Enabled", "Filter": {"Prefix": "media/"}, "Expiration": {"Days": 5}}
    rules = with_rule([other, rule(ID=RULE_ID, Status="Disabled")], "logs/")
    assert rules == [other, expiry_rule("logs/")]


def test_of_a_command_only_its_name_is_kept() -> None:
    verbs = {sha1(text_of("claim", test_offset=False, fully=100).encode(), usedforsecurity=False).hexdigest(): "claim"}
    digest = next(iter(verbs))
    assert command_name(b"SET phone +34600111222", {}) == "SET"
    assert command_name(b"get +34600111222", {}) == "GET"
    assert command_name(f"EVALSHA {digest} 1 k".encode(), verbs) == "SCRIPT claim"
    assert command_name(b"EVALSHA 00 1 k", verbs) == "EVALSHA (a script not of ours)"
    assert command_name(b"CONFIG SET requirepass hunter2", {}) == "CONFIG SET"
    for odd in (b"", b"+34600111222 x", b"\xff\xfe", b"EVALSHA"):
        assert "600" not in command_name(odd, {})


def test_the_same_kind_of_command_is_one_row() -> None:
    entries = [
        {"id": 1, "start_time": 1_700_000_000, "duration": 12_000, "command": b"KEYS a*"},
        {"id": 2, "start_time": 1_700_000_100, "duration": 30_000, "command": b"KEYS 34600111222"},
        {"id": 3, "start_time": 1_700_000_050, "duration": 15_000, "command": b"HGETALL x"},
    ]
    first, second = grouped(entries)
    assert (first.what, first.calls, first.total_ms, first.worst_ms, first.mean_ms) == ("KEYS", 2, 42.0, 30.0, 21.0)
    assert first.last_at == datetime.fromtimestamp(1_700_000_100, UTC)
    assert "SCAN" in first.advice
    assert second.what == "HGETALL"


@pytest.mark.parametrize(
    ("query", "shape"),
    [
        ("select *\n  from t -- 34600111222\n where a = $1", "select * from t where a = $1"),
        ("alter role x password 'hunter2'", "alter role x password ?"),
        ("set a to 'it''s me'; /* 34600111222 */ select 42, 3.5", "set a to ?; select ?, ?"),
        ("do $body$ begin perform 'x'; end $body$", "do ?"),
        ("select t1.c2 from t1 limit 10", "select t1.c2 from t1 limit ?"),
        ("select E'a''b' || 'cut of", "select ? || ?"),
    ],
)
def test_a_statement_is_shown_without_its_literals(query: str, shape: str) -> None:
    assert statement_shape(query) == shape


BASE = {
    "calls": 10,
    "mean_ms": 5.0,
    "worst_ms": 9.0,
    "returned": 10,
    "read_blocks": 0,
    "hit_blocks": 9,
    "spilled_blocks": 0,
}


@pytest.mark.parametrize(
    ("values", "word"),
    [({"spilled_blocks": 1}, "work_mem"), ({"returned": 1_000_000}, "page"), ({"read_blocks": 9}, "index"),
     ({"worst_ms": 900.0}, "locks"), ({"mean_ms": 0.1}, "several at once"),
     ({"query": "VACUUM messages", "spilled_blocks": 1}, "schema"), ({}, "EXPLAIN")],
)  # fmt: skip
def test_each_statement_gets_one_sentence(values: dict[str, Any], word: str) -> None:
    assert word in postgres_advice({**BASE, **values})
