"""What an operator types to stop and let go, and what the server is then asked for."""

import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from anclora.cli import gates
from anclora.cli.app import app

OPEN = {"gates": [], "quiet_hours": {"marketing": "21:00-09:00"}}
STILL = {"drained": True, "stopped": True, "open_lanes": [], "sending": 0, "in_flight": 0}
BUSY = STILL | {"drained": False, "sending": 2, "in_flight": 3}
FIGURES = {"waiting": 0, "delayed": 1_200, "held": 3, "scheduled": 0, "unknown": 1}


class Server:
    """Answers in turn, by path, and remembers what was asked."""

    def __init__(self, answers: Mapping[str, Sequence[Any]]) -> None:
        self.answers = {path: list(each) for path, each in answers.items()}
        self.asked: list[tuple[str, str, Any]] = []

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        self.asked.append((method, path, body))
        given = self.answers[path]
        return given.pop(0) if len(given) > 1 else given[0]


def run(monkeypatch: pytest.MonkeyPatch, server: Server, *words: str) -> tuple[int, str]:
    monkeypatch.setattr(gates, "Client", lambda _: server)
    minutes = iter(range(0, 6_000, 60))
    monkeypatch.setattr(gates, "time", SimpleNamespace(monotonic=minutes.__next__, sleep=lambda _: None))
    ended = CliRunner().invoke(app, ["queue", *words], env={"COLUMNS": "200"})
    return ended.exit_code, ended.output


@pytest.mark.parametrize(
    ("words", "verb", "body"),
    [
        (["pause", "--all", "--why", "x"], "pause", {"everything": True, "why": "x"}),
        (["pause", "--instance", "sales"], "pause", {"instance": "sales"}),
        (["pause", "--priority", "low", "--instance", "s"], "pause", {"priority": "low", "instance": "s"}),
        (["resume", "--class", "marketing"], "resume", {"class": "marketing"}),
        (["resume", "--campaign", "019aac5e-7a00-7000-8000-000000000001"], "resume", None),
        (["strike", "black-friday", "--why", "x"], "pause", {"tag": "black-friday", "why": "x"}),
        (["unstrike", "black-friday"], "resume", {"tag": "black-friday"}),
    ],
)
def test_each_stop_is_one_request(
    monkeypatch: pytest.MonkeyPatch, words: list[str], verb: str, body: dict[str, Any] | None
) -> None:
    server = Server({f"/api/v1/queue/{verb}": [OPEN]})
    code, out = run(monkeypatch, server, *words)
    assert (code, "Nothing is stopped." in out, "21:00-09:00" in out) == (0, True, True)
    sent = body or {"campaign_id": "019aac5e-7a00-7000-8000-000000000001"}
    assert server.asked == [("POST", f"/api/v1/queue/{verb}", sent)]


@pytest.mark.parametrize(("words", "hours"), [("off", None), ("22:00-08:00", "22:00-08:00")])
def test_quiet_hours_are_set_and_lifted(monkeypatch: pytest.MonkeyPatch, words: str, hours: str | None) -> None:
    server = Server({"/api/v1/queue/quiet-hours/marketing": [OPEN]})
    code, out = run(monkeypatch, server, "quiet", "marketing", words)
    assert (code, out.split()) == (0, ["class", "quiet", "hours", "marketing", "21:00-09:00"])
    assert server.asked == [("PUT", "/api/v1/queue/quiet-hours/marketing", {"hours": hours})]
    assert run(monkeypatch, server, "quiet", "marketing")[0] == 2


def test_a_drain_waits_and_says_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {"/api/v1/queue/pause": [OPEN], "/queue/metrics": [FIGURES]}
    server = Server(paths | {"/api/v1/queue/drain": [BUSY, BUSY, STILL]})
    code, out = run(monkeypatch, server, "drain", "--wait-seconds", "600")
    assert (code, out.splitlines()) == (
        0,
        [
            "Nothing is in flight, and nothing is claimed.",
            "Left: 1,200 delayed, 3 held, 1 unknown. Let it go on: anclora queue resume --all",
        ],
    )
    assert server.asked[0] == ("POST", "/api/v1/queue/pause", {"everything": True, "why": "drain"})
    assert len(server.asked) == 5


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (BUSY, "Not still yet: 3 in flight."),
        (BUSY | {"open_lanes": ["a", "b"]}, "2 lanes have not heard of it; is a process with --role work running?"),
        (BUSY | {"stopped": False}, "somebody resumed everything meanwhile"),
    ],
)
def test_a_drain_that_does_not_end_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], words: str
) -> None:
    paths = {"/api/v1/queue/pause": [OPEN], "/queue/metrics": [FIGURES], "/api/v1/queue/drain": [state]}
    code, out = run(monkeypatch, Server(paths), "drain")
    assert (code, words in out) == (1, True), out
    code, out = run(monkeypatch, Server(paths), "drain", "--json")
    assert (code, json.loads(out)["left"]["held"]) == (1, 3)
