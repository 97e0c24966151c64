"""The doors of alerts: Alertmanager's posts become signals once, the list tells what fires, and pages open."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from api_harness import House, house

from anclora.alerts import CATALOGUE, Evaluator
from anclora.api.examples_alerts import POST
from anclora.cli import main
from anclora.incidents import Signal
from anclora.storage.database import Connection, Database
from tests.alert_facts import WELL, look

DOOR = "/api/v1/alerts/alertmanager"
NAME = "AncloraEvolutionInstanceDisconnected"


class Kept:
    """Takes signals, as incidents do."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Signal]] = []

    async def raised(self, conn: Connection, signal: Signal) -> None:
        self.said.append(("so", signal))

    async def cleared(self, conn: Connection, signal: Signal) -> None:
        self.said.append(("over", signal))

    @property
    def words(self) -> list[tuple[str, str]]:
        return [(word, signal.fingerprint) for word, signal in self.said]


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis) as running:
        object.__setattr__(running.deps, "signals", Kept())
        yield running


def kept(doors: House) -> Kept:
    assert isinstance(doors.deps.signals, Kept)
    return doors.deps.signals


def posted(status: str = "firing", **labels: str) -> dict[str, Any]:
    alert = POST["alerts"][0] | {"status": status}
    given = {"alertname": NAME, "severity": "critical", "instance_name": "sales"} | labels
    ends = "2026-01-31T08:10:00Z" if status == "resolved" else "0001-01-01T00:00:00Z"
    return POST | {"status": status, "alerts": [alert | {"labels": given, "endsAt": ends}]}


async def test_a_post_becomes_a_signal_and_its_end_ends_it(doors: House) -> None:
    assert (await doors.ask("POST", DOOR, json=POST)).json == {"firing": 1, "over": 0, "ignored": 0}
    [(word, signal)] = kept(doors).said
    assert (word, signal.fingerprint) == ("so", f"{NAME}{{instance_name=sales}}")
    assert (signal.name, signal.severity, signal.source) == (NAME, "critical", "alertmanager")
    assert signal.starts_at.isoformat() == "2026-01-31T08:00:00.104000+00:00"
    listed = (await doors.ask("GET", "/api/v1/alerts")).json
    assert [(a["name"], a["state"]) for a in listed["alerts"] if a["state"] == "firing"] == [(NAME, "firing")]
    assert (await doors.ask("POST", DOOR, json=posted("resolved"))).json == {"firing": 0, "over": 1, "ignored": 0}
    assert kept(doors).words[1:] == [("over", f"{NAME}{{instance_name=sales}}")]
    assert (await doors.ask("POST", DOOR, json=posted("resolved"))).json == {"firing": 0, "over": 0, "ignored": 0}
    assert len(kept(doors).said) == 2


async def test_the_key_may_come_as_alertmanager_sends_one(doors: House) -> None:
    key = await doors.make_key("alerts:write")
    for headers in ({"Authorization": f"Bearer {key}"}, {"authorization": f"bearer  {key}"}):
        assert (await doors.ask("POST", DOOR, json=POST, key=None, **headers)).status == 200
    assert (await doors.ask("POST", DOOR, json=POST, key=key)).status == 200
    for wrong in ({}, {"Authorization": "Bearer ak_wrong"}, {"Authorization": f"Basic {key}"}):
        assert (await doors.ask("POST", DOOR, json=POST, key=None, **wrong)).status == 401
    poor = await doors.make_key("alerts:read")
    refused = await doors.ask("POST", DOOR, json=POST, key=None, Authorization=f"Bearer {poor}")
    assert (refused.status, refused.json["code"]) == (403, "missing_scope")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"version": "3", "alerts": []}, "schema"),
        ({"version": "4"}, "schema"),
        ({"version": "4", "alerts": [{"status": "odd", "labels": {}, "startsAt": "2026-01-31T08:00:00Z"}]}, "schema"),
        ({"version": "4", "alerts": [{"status": "firing", "labels": {}, "startsAt": "yesterday"}]}, "schema"),
    ],
)
async def test_what_alertmanager_never_posts_is_refused_and_says_why(doors: House, body: Any, code: str) -> None:
    answer = await doors.ask("POST", DOOR, json=body)
    assert (answer.status, answer.json["code"]) == (422, code)
    assert kept(doors).said == []


async def test_rules_of_somebodys_own_are_told_too(doors: House) -> None:
    alert = {
        "status": "firing",
        "labels": {"alertname": "Backup\nold", "team": "x" * 500},
        "startsAt": "2026-01-31T08:00:00Z",
    }
    await doors.ask("POST", DOOR, json={"version": "4", "alerts": [alert]})
    [(_, signal)] = kept(doors).said
    assert (signal.name, signal.severity, signal.summary) == ("Backup old", "warning", "Backup old")
    assert len(signal.labels["team"]) == 200
    assert len(signal.fingerprint) == 200
    [other] = (await doors.ask("GET", "/api/v1/alerts")).json["others"]
    assert other["summary"] == "Backup old"


async def test_the_watchdog_wakes_nobody_and_its_silence_does(doors: House) -> None:
    watchdog = {"labels": {"alertname": "AncloraWatchdog", "severity": "none"}, "status": "firing"}
    body = {"version": "4", "alerts": [watchdog | {"startsAt": "2026-01-31T08:00:00Z"}]}
    assert (await doors.ask("POST", DOOR, json=body)).json == {"firing": 0, "over": 0, "ignored": 1}
    assert kept(doors).said == []
    assert (await doors.ask("GET", "/api/v1/alerts")).json["prometheus_at"] is not None
    watch = watch_of(doors, WELL)
    await watch.run_once()
    assert kept(doors).said == []
    doors.deps.clock.pass_seconds(601)  # pyright: ignore[reportAttributeAccessIssue]
    watch = watch_of(doors, None)
    await watch.run_once()
    assert kept(doors).words == [("so", "AncloraWatchdogSilent")]


def watch_of(doors: House, facts: Any) -> Evaluator:
    class Shown:
        async def facts(self, watchdog_at: Any) -> Any:
            return facts or look(watchdog_at=watchdog_at)

    return Evaluator(doors.deps.db, Shown(), doors.deps.signals, None, doors.deps.clock)  # pyright: ignore[reportArgumentType]


async def test_what_both_watches_see_is_over_when_neither_does(doors: House) -> None:
    await doors.ask("POST", DOOR, json=posted())
    away = watch_of(doors, look(numbers={"sales": False}))
    await away.run_once()
    doors.deps.clock.pass_seconds(180)  # pyright: ignore[reportAttributeAccessIssue]
    await away.run_once()
    assert len({fingerprint for _, fingerprint in kept(doors).words}) == 1
    await doors.ask("POST", DOOR, json=posted("resolved"))
    assert "over" not in [word for word, _ in kept(doors).words]
    await watch_of(doors, WELL).run_once()
    assert kept(doors).words[-1] == ("over", f"{NAME}{{instance_name=sales}}")


async def test_the_list_has_every_alert_and_says_who_watches(doors: House) -> None:
    await watch_of(doors, look(ledger_workers=0)).run_once()
    listed = (await doors.ask("GET", "/api/v1/alerts")).json
    assert len(listed["alerts"]) == len(CATALOGUE.alerts) + 1
    words = {alert["name"]: alert["state"] for alert in listed["alerts"]}
    assert (words["AncloraNoWorkers"], words["AncloraCostForecastOverBudget"]) == ("pending", "quiet")
    assert listed["alerts"][0]["name"] == "AncloraNoWorkers"
    assert listed["evaluated_at"] is not None
    assert (await doors.ask("GET", "/api/v1/alerts/AncloraNothing")).json["code"] == "alert_not_found"
    blind = (await doors.ask("GET", "/api/v1/alerts/AncloraBlind")).json
    assert blind["alert"]["severity"] == "critical"


async def test_the_link_of_a_notice_opens_the_page_without_a_key(doors: House) -> None:
    found = (await doors.ask("GET", "/api/v1/alerts/AncloraNoWorkers")).json
    path = found["alert"]["runbook"].removeprefix(doors.deps.public_url)
    page = await doors.ask("GET", path, key=None)
    assert (page.status, page.headers["content-type"]) == (200, "text/markdown; charset=utf-8")
    assert b"## Mitigation" in page.body
    assert (await doors.ask("GET", f"{path}.md", key=None)).body == page.body  # as pages link each other
    assert (await doors.ask("GET", "/runbooks/AncloraNothing", key=None)).status == 404


@pytest.fixture
def at_home(doors: House, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ANCLORA_URL", doors.address)
    monkeypatch.setenv("API_KEY", doors.key)
    return doors


async def test_a_clock_that_is_ahead_of_ours_does_not_begin_an_alert_in_the_future(doors: House) -> None:
    body = posted()
    body["alerts"][0]["startsAt"] = (doors.deps.clock.now() + timedelta(hours=1)).isoformat()
    await doors.ask("POST", DOOR, json=body)
    [(_, signal)] = kept(doors).said
    assert signal.starts_at <= doors.deps.clock.now()


async def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["anclora", "alerts", *words])
    try:
        await asyncio.to_thread(main)
    except SystemExit as end:
        return int(end.code or 0), capsys.readouterr().out
    return 0, capsys.readouterr().out


async def test_the_command_tells_what_fires_and_ends_with_a_finding(
    at_home: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = await run(capsys, monkeypatch, "check")
    assert (code, "has not looked yet" in text) == (1, True)
    await watch_of(at_home, WELL).run_once()
    code, text = await run(capsys, monkeypatch, "check")
    assert (code, text.startswith("nothing fires.")) == (0, True)
    await at_home.ask("POST", DOOR, json=posted())
    code, text = await run(capsys, monkeypatch, "check")
    assert (code, NAME in text) == (1, True)
    code, text = await run(capsys, monkeypatch, "list")
    assert (code, text.count(NAME)) == (0, 1)
    code, text = await run(capsys, monkeypatch, "show", NAME)
    assert "Mitigation" in text
    assert "](" not in text
    code, text = await run(capsys, monkeypatch, "list", "--all")
    assert text.count("\n") > len(CATALOGUE.alerts)


async def test_the_command_writes_files_with_the_links_of_this_installation(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [
        "write",
        str(tmp_path),
        "--anclora-url",
        "https://wa.example.com/",
        "--grafana-url",
        "https://g.example.com",
    ]
    code, text = await run(capsys, monkeypatch, *words)
    assert (code, "alertmanager.yml" in text) == (0, True)
    rules = (tmp_path / "anclora-rules.yml").read_text()
    assert "https://wa.example.com/runbooks/AncloraNoWorkers" in rules
    assert "https://g.example.com/d/queue-dashboard" in rules
    assert (await run(capsys, monkeypatch, *words, "--check"))[0] == 0
    (tmp_path / "anclora-rules.yml").write_text("x")
    code, text = await run(capsys, monkeypatch, *words, "--check")
    assert (code, "anclora-rules.yml" in text) == (1, True)
    assert (await run(capsys, monkeypatch, "write", str(tmp_path), "--grafana-url", "nonsense"))[0] == 2
    monkeypatch.setenv("ANCLORA_PUBLIC_URL", "https://own.example.com/")
    assert (await run(capsys, monkeypatch, "write", str(tmp_path)))[0] == 0
    rules = (tmp_path / "anclora-rules.yml").read_text(encoding="utf-8")
    assert "https://own.example.com/runbooks/AncloraNoWorkers" in rules
    assert "http://127.0.0.1:3000/d/queue-dashboard" in rules
