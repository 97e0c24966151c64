"""What an operator types to see figures, and how a recount ends."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from anclora.api.examples_analytics import ANSWERS
from anclora.cli import analytics
from anclora.cli.app import app


class Server:
    """Answers by path, and remembers what was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []

    def get(self, path: str, query: Mapping[str, str | None]) -> Any:
        self.asked.append((path, {name: value for name, value in query.items() if value}))
        return self.answer

    def call(self, method: str, path: str) -> Any:
        self.asked.append((f"{method} {path}", {}))
        return self.answer


def run(monkeypatch: pytest.MonkeyPatch, server: Server, *words: str) -> tuple[int, str]:
    monkeypatch.setattr(analytics, "Client", lambda _, **__: server)
    ended = CliRunner().invoke(app, ["analytics", *words], env={"COLUMNS": "200"})
    return ended.exit_code, ended.output


@pytest.mark.parametrize(
    ("words", "path", "query"),
    [
        (["overview"], "/analytics/metrics/overview", {}),
        (["show", "messages", "--by", "week"], "/analytics/messages", {"by": "week"}),
        (["show", "opt-outs", "--from", "2026-01-01"], "/analytics/opt-outs", {"from": "2026-01-01"}),
        (["latency", "--instance", "sales"], "/analytics/latency", {"by": "all", "instance": "sales"}),
        (["verify", "--to", "2026-01-31"], "/analytics/verify", {"to": "2026-01-31"}),
    ],
)
def test_each_question_is_one_request(
    monkeypatch: pytest.MonkeyPatch, words: list[str], path: str, query: dict[str, str]
) -> None:
    server = Server({"differences": 0, "mended": 0})
    code, out = run(monkeypatch, server, *words, "--json")
    assert (code, server.asked, json.loads(out)) == (0, [(path, query)], server.answer)


def test_figures_are_shown_with_those_before_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out = run(monkeypatch, Server(ANSWERS["QuestionAnswer"]), "show", "rates")
    assert code == 0
    assert "412 (380)" in out
    assert "0.966 (0.9763)" in out
    _, overview = run(monkeypatch, Server(ANSWERS["Overview"] | {"conversions": None}), "overview")
    assert "handoffs" in overview
    assert "leads" not in overview
    _, latency = run(monkeypatch, Server(ANSWERS["Latencies"]), "latency", "--by", "instance")
    assert latency.count("sales") == 3


@pytest.mark.parametrize(
    ("found", "words", "code", "says"),
    [
        ({"differences": 0, "shown": []}, [], 0, "0 differences"),
        ({}, [], 1, "1 differences"),
        ({"mended": 1}, ["--mend"], 0, "all mended"),
    ],
)
def test_a_recount_that_finds_differences_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], words: list[str], code: int, says: str
) -> None:
    server = Server(ANSWERS["Verified"] | found)
    ended, out = run(monkeypatch, server, "verify", *words)
    assert (ended, says in out) == (code, True)
    assert server.asked[0][0] == ("POST /analytics/mend" if words else "/analytics/verify")
    assert ("tallied" in out) == bool(server.answer["shown"])
