"""Every alert has its page, its two rule tests, a dashboard, and a twin for when nobody can see."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from anclora.alerts import BLIND, CATALOGUE, Links
from anclora.alerts.files import differences, written
from anclora.alerts.model import DASHBOARDS, Alert
from anclora.kit.severity import Severity

ROOT = Path(__file__).parent.parent.parent
PAGES = ROOT / "docs" / "runbooks" / "alerts"
RULES = ROOT / "deploy" / "prometheus"
ALERTS = list(CATALOGUE.alerts)
SECTIONS = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]
AWAITED: dict[str, int] = {}


@pytest.fixture(scope="module")
def rules() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    document = yaml.safe_load((RULES / "anclora-rules.yml").read_text(encoding="utf-8"))
    for group in document["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                found.setdefault(rule["alert"], []).append(rule)
    return found


@pytest.fixture(scope="module")
def checks() -> list[dict[str, Any]]:
    document = yaml.safe_load((RULES / "anclora-rules.test.yml").read_text(encoding="utf-8"))
    return [check for test in document["tests"] for check in test["alert_rule_test"]]


def test_there_are_enough_of_them() -> None:
    assert len(ALERTS) >= 40


def test_a_file_that_is_old_missing_or_left_over_is_noticed(tmp_path: Path) -> None:
    files = written(CATALOGUE, BLIND, Links())
    assert sorted(differences(tmp_path, files)) == sorted(str(path) for path in files)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert differences(tmp_path, files) == []
    (tmp_path / "docs/runbooks/alerts/AncloraGone.md").write_text("x", encoding="utf-8")
    (tmp_path / "deploy/prometheus/anclora-rules.yml").write_text("x", encoding="utf-8")
    assert differences(tmp_path, files) == [
        "deploy/prometheus/anclora-rules.yml",
        "docs/runbooks/alerts/AncloraGone.md",
    ]


@pytest.mark.parametrize("alert", [*ALERTS, BLIND, *CATALOGUE.raised], ids=lambda alert: alert.name)
def test_an_alert_has_a_page_worth_reading(alert: Any) -> None:
    text = (PAGES / f"{alert.name}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## .*", text, re.MULTILINE) == SECTIONS
    parts = re.split(r"^## .*\n", text, flags=re.MULTILINE)[1:]
    assert all(len(part.split()) >= 2 for part in parts)
    assert text.startswith(f"# {alert.name}\n")
    assert alert.action in text


def test_whatever_the_program_says_is_wrong_has_a_page() -> None:
    named = {
        name
        for path in (ROOT / "anclora").rglob("*.py")
        for name in re.findall(r'"(Anclora[A-Z]\w+)"', path.read_text(encoding="utf-8"))
    }
    assert {raised.name for raised in CATALOGUE.raised} <= named
    assert [name for name in sorted(named) if not (PAGES / f"{name}.md").exists()] == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_fires_in_one_test_and_is_quiet_in_another(alert: Alert, checks: list[dict[str, Any]]) -> None:
    own = [check for check in checks if check["alertname"] == alert.name]
    assert any(check["exp_alerts"] for check in own)
    # The watchdog is there to fire always.
    assert any(not check["exp_alerts"] for check in own) or alert.name == "AncloraWatchdog"


@pytest.mark.parametrize("alert", [*ALERTS, BLIND], ids=lambda alert: alert.name)
def test_the_rule_says_who_what_and_where(alert: Any, rules: dict[str, list[dict[str, Any]]]) -> None:
    for rule in rules[alert.name]:
        assert rule["labels"]["severity"] in ("critical", "warning", "none")
        assert rule["labels"]["owner"] == alert.owner
        told = rule["annotations"]
        assert told["summary"]
        assert told["action"]
        assert told["runbook_url"] == f"http://127.0.0.1:8000/runbooks/{alert.name}"
        uid = told["dashboard_url"].rpartition("/d/")[2]
        assert uid == told["dashboard"] == alert.dashboard
        assert uid in DASHBOARDS


def test_a_dashboard_that_is_linked_is_shipped_once_there_are_any() -> None:
    shipped = {
        json.loads(path.read_text(encoding="utf-8")).get("uid") for path in ROOT.glob("deploy/grafana/**/*.json")
    }
    used = {alert.dashboard for alert in ALERTS}
    assert not shipped or used <= shipped


def test_every_alert_that_compares_something_has_a_twin(rules: dict[str, list[dict[str, Any]]]) -> None:
    twins = {name: rule for rule in rules[BLIND.name] for name in rule["labels"]["blinds"].split()}
    there = {alert.name for alert in ALERTS if alert.expr != "vector(1)" and not alert.awaits}
    assert set(twins) == there
    for alert in ALERTS:
        if alert.name in twins and alert.severity is Severity.CRITICAL:
            assert twins[alert.name]["labels"]["severity"] == "critical"
    assert all(rule["expr"].startswith("absent_over_time(") for rule in rules[BLIND.name])


def test_what_waits_for_a_part_that_is_not_built_is_listed_and_has_no_twin() -> None:
    waiting: dict[str, list[str]] = {}
    for alert in ALERTS:
        if alert.awaits:
            waiting.setdefault(alert.awaits, []).append(alert.name)
    assert {room: len(names) for room, names in waiting.items()} == AWAITED
    built = [room for room in waiting if (ROOT / "anclora" / room).exists()]
    assert built == [], f"{built} are there: take `awaits` from {[waiting[room] for room in built]}"


def test_the_stories_are_told_in_promtools_notation() -> None:
    """`0x400` is a number there, 1024, and not four hundred zeros; samples over five minutes apart go stale."""
    document = yaml.safe_load((RULES / "anclora-rules.test.yml").read_text(encoding="utf-8"))
    told = [(series["series"], series["values"]) for test in document["tests"] for series in test["input_series"]]
    assert [pair for pair in told if re.search(r"(?<![\d.+-])0x", pair[1])] == []
    assert {test["interval"] for test in document["tests"]} == {"1m"}


def test_five_minutes_without_traffic_record_no_ratio() -> None:
    """0/0 is NaN, and one NaN makes the average over thirty days NaN."""
    ratios = [ratio.expr.strip() for part in CATALOGUE.parts.values() for ratio in part.ratio]
    assert len(ratios) == 3
    assert [expr for expr in ratios if not expr.endswith(" > 0)")] == []


def test_depths_of_the_playbook_count_only_what_lacks_a_worker() -> None:
    by_name = {alert.name: alert.expr for alert in ALERTS}
    assert by_name["AncloraQueueBacklogWarning"] == "anclora:queue_waiting > 1000"
    assert by_name["AncloraQueueBacklogCritical"] == "anclora:queue_waiting > 5000"
