"""The rules and routes, asked of the real promtool, amtool and Alertmanager."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_harness import House, house

from anclora.storage.database import Database
from tests.conftest import needs
from tests.prometheus_server import alertmanager
from tests.waiting import eventually

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "prometheus"


def run(*argv: str | Path, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=150, check=False)


@pytest.fixture(autouse=True)
def real_tools() -> None:
    needs("promtool")
    needs("amtool")


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def asked_about(groups: list[Any], names: set[str]) -> list[Any]:
    """The groups with only the rules of these alerts, and what they read of what is recorded."""
    every = [rule for group in groups for rule in group["rules"]]
    kept = [rule for rule in every if rule.get("alert") in names]
    while more := [
        rule
        for rule in every
        if "record" in rule and rule not in kept and any(rule["record"] in each["expr"] for each in kept)
    ]:
        kept += more
    cut = [group | {"rules": [rule for rule in group["rules"] if rule in kept]} for group in groups]
    return [group for group in cut if group["rules"]]


@pytest.mark.timeout(180)
def test_every_story_ends_as_it_should(tmp_path: Path) -> None:
    """All in one call, each with the rules of the shipped file it asks about: promtool evaluates all it is given."""
    checked = run("promtool", "check", "rules", "anclora-rules.yml")
    assert checked.returncode == 0, checked.stderr
    rules, stories = read("anclora-rules.yml"), read("anclora-rules.test.yml")
    asked: set[str] = set()
    files: list[str] = []
    for number, story in enumerate(stories["tests"]):
        names = {check["alertname"] for check in story["alert_rule_test"]}
        groups = asked_about(rules["groups"], names)
        there = {group["name"] for group in groups}
        told = stories | {
            "tests": [story],
            "rule_files": [f"rules-{number}.yml"],
            "group_eval_order": [name for name in stories["group_eval_order"] if name in there],
        }
        (tmp_path / f"rules-{number}.yml").write_text(json.dumps({"groups": groups}), encoding="utf-8")
        (tmp_path / f"test-{number}.yml").write_text(json.dumps(told), encoding="utf-8")
        files.append(f"test-{number}.yml")
        asked |= names
    assert asked == {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    tested = run("promtool", "test", "rules", *files, folder=tmp_path)
    assert tested.returncode == 0, tested.stdout[-3_000:]


def test_a_story_that_ends_otherwise_is_noticed(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "anclora-rules.yml", tmp_path)
    stories = read("anclora-rules.test.yml")
    story = next(test for test in stories["tests"] if "stopped" in test["name"] and "two minutes" in test["name"])
    for check in story["alert_rule_test"]:
        check["exp_alerts"] = []
    (tmp_path / "wrong.yml").write_text(yaml.safe_dump(stories | {"tests": [story]}), encoding="utf-8")
    tested = run("promtool", "test", "rules", "wrong.yml", folder=tmp_path)
    assert tested.returncode != 0
    assert "AncloraNoWorkers" in tested.stdout + tested.stderr


def test_the_configurations_are_sound() -> None:
    assert run("amtool", "check-config", "alertmanager.yml").returncode == 0
    checked = run("promtool", "check", "config", "prometheus.example.yml")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["alertname=AncloraNoWorkers", "severity=critical"], "page"),
        (["alertname=AncloraDLQGrowing", "severity=warning"], "slack"),
        (["alertname=AncloraWatchdog", "severity=none", "direct=yes"], "deadman"),
        (["alertname=AncloraPostgresDown", "severity=critical", "direct=yes"], "direct,page"),
        (["alertname=SomebodysOwn"], "slack"),
    ],
)
def test_an_alert_takes_its_way(labels: list[str], receivers: str) -> None:
    routed = run("amtool", "config", "routes", "test", "--config.file=alertmanager.yml", *labels)
    assert routed.stdout.strip() == receivers


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis) as running:
        yield running


async def states(doors: House) -> dict[str, str]:
    found = (await doors.ask("GET", "/api/v1/alerts")).json
    return {alert["name"]: alert["state"] for alert in found["alerts"] if alert["state"] != "quiet"}


async def test_what_alertmanager_fires_and_ends_comes_through_the_door(doors: House, tmp_path: Path) -> None:
    needs("prometheus-alertmanager")
    async with alertmanager(tmp_path, doors.address, await doors.make_key("alerts:write")) as port:
        url = f"http://127.0.0.1:{port}"

        async def told(*labels: str) -> bool:
            argv = ["alert", "add", *labels, "--annotation=summary=sales is away", f"--alertmanager.url={url}"]
            return (await asyncio.to_thread(run, "amtool", *argv)).returncode == 0

        about = ["AncloraEvolutionInstanceDisconnected", "severity=critical", "instance_name=sales", "job=anclora"]
        await eventually(lambda: told(*about))

        async def fires() -> bool:
            return (await states(doors)).get(about[0]) == "firing"

        await eventually(fires)
        detail = (await doors.ask("GET", f"/api/v1/alerts/{about[0]}")).json
        [occurrence] = detail["alert"]["occurrences"]
        assert occurrence["labels"] == {"instance_name": "sales"}
        assert (occurrence["source"], occurrence["summary"]) == ("alertmanager", "sales is away")
        assert await told(*about, "--end=2026-01-01T00:00:00Z", "--start=2025-12-31T00:00:00Z")

        async def over() -> bool:
            return about[0] not in await states(doors)

        await eventually(over)
