"""What an operator types to see the ways to people, and to try one out."""

import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from anclora.cli import notify
from anclora.cli.app import app

KEY = "trial:1:slack"
ENDED = {"channel": "slack", "target": "#anclora-warnings", "tries": 1, "left_out": [], "last_text": None}


class Server:
    """Answers in turn, by path, and remembers what was asked."""

    def __init__(self, *states: Sequence[str], text: str | None = None) -> None:
        self.states = list(states)
        self.text = text
        self.asked: list[Any] = []

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        self.asked.append((method, path, body))
        if path.endswith("/test"):
            return {"key": KEY, "notice": {"id": "1", "fresh": []}}
        if path.endswith("/channels"):
            targets = {"info": ["#r"], "warning": ["#w"], "critical": ["#c"]}
            ways = {"info": [], "warning": [["slack", "email"]], "critical": [["pagerduty", "voice"], ["slack"]]}
            return {"channels": [{"name": "slack", "targets": targets}], "ways": ways, "wait_seconds": 120}
        now = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        deliveries = [ENDED | {"state": state, "last_text": self.text} for state in now]
        return {"notices": [{"key": "other", "deliveries": []}, {"key": KEY, "deliveries": deliveries}]}


def run(monkeypatch: pytest.MonkeyPatch, server: Server, *words: str) -> tuple[int, str]:
    monkeypatch.setattr(notify, "Client", lambda _: server)
    seconds = iter(range(0, 1_000, 5))
    monkeypatch.setattr(notify, "time", SimpleNamespace(monotonic=seconds.__next__, sleep=lambda _: None))
    ended = CliRunner().invoke(app, ["notify", *words], env={"COLUMNS": "200"})
    return ended.exit_code, ended.output


def test_a_test_waits_for_its_end_and_says_how_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(["waiting"], ["waiting"], ["delivered"])
    code, said = run(monkeypatch, server, "test", "--channel", "slack", "--severity", "warning")
    assert (code, "delivered" in said) == (0, True)
    assert server.asked[0] == ("POST", "/api/v1/notices/test", {"channel": "slack", "severity": "warning"})
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["failed"], "invite the app"),
        (["delivered", "failed"], "failed"),
        (["waiting"], "goes on trying"),
        ([], "nobody"),
    ],
)
def test_what_did_not_arrive_ends_with_1(monkeypatch: pytest.MonkeyPatch, states: list[str], words: str) -> None:
    server = Server(states, text="write /invite: invite the app there.")
    code, said = run(monkeypatch, server, "test", "--channel", "slack")
    assert (code, words in said) == (1, True)


def test_programs_get_json(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run(monkeypatch, Server(["delivered"]), "test", "--channel", "slack", "--json")
    assert (code, json.loads(said)["arrived"]) == (0, True)


def test_the_ways_are_shown_the_loudest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run(monkeypatch, Server([]), "channels")
    assert code == 0
    assert said.splitlines()[-3:] == [
        "critical: pagerduty > voice, slack",
        "warning: slack > email",
        "info: nobody hears of it",
    ]
