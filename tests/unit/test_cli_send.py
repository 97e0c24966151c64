"""What an operator types to send, edit and ask, and what the server is then asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from anclora.cli import gestures, messages, send
from anclora.cli.app import app

TO = "+34600111222"
ID = "019aac5e-7a00-7000-8000-000000000001"
TAKEN = {"id": ID, "state": "queued", "to": "34600111222", "instance": "sales"}


class Server:
    """Answers everything with one answer and remembers what was asked."""

    def __init__(self, answer: Mapping[str, Any] = TAKEN) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, Any]] = []

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        self.asked.append((method, path, body))
        return self.answer

    def upload(self, file: Path) -> Any:
        self.asked.append(("upload", file.name, None))
        return {"hash": "a" * 64, "type": "document"}


def run(monkeypatch: pytest.MonkeyPatch, server: Server, *words: str) -> tuple[int, str]:
    for module in (send, messages, gestures):
        monkeypatch.setattr(module, "Client", lambda _: server)
    ended = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    return ended.exit_code, ended.output


@pytest.mark.parametrize(
    ("words", "draft"),
    [
        (["--text", "hola"], {"text": "hola"}),
        (["--text", "sí", "--reply-to", ID], {"text": "sí", "reply_to": ID}),
        (["--text", "sí", "--typing-ms", "900"], {"text": "sí", "typing_ms": 900}),
        (
            ["--image", "https://a.es/b.png", "--text", "el salón"],
            {"type": "image", "media": {"url": "https://a.es/b.png"}, "caption": "el salón"},
        ),
        (
            ["--location", "40.41678,-3.70379", "--text", "Sol"],
            {"type": "location", "location": {"latitude": 40.41678, "longitude": -3.70379, "name": "Sol"}},
        ),
        (
            ["--reaction", "👍", "--reply-to", "3EB0"],
            {"type": "reaction", "reaction": {"target": "3EB0", "emoji": "👍"}},
        ),
    ],
)
def test_what_is_sent(monkeypatch: pytest.MonkeyPatch, words: list[str], draft: dict[str, Any]) -> None:
    server = Server()
    assert run(monkeypatch, server, "send", "--to", TO, *words)[0] == 0
    assert server.asked == [("POST", "/api/v1/messages", {"to": TO} | draft)]


def test_a_file_is_brought_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server, file = Server(), tmp_path / "dossier.pdf"
    file.write_bytes(b"%PDF")
    assert run(monkeypatch, server, "send", "--to", TO, "--file", str(file), "--text", "el dossier")[0] == 0
    draft = {"to": TO, "type": "document", "media": {"stored": "a" * 64}, "caption": "el dossier"}
    assert server.asked == [("upload", "dossier.pdf", None), ("POST", "/api/v1/messages", draft)]


@pytest.mark.parametrize(
    "words",
    [
        ["--location", "40"],
        ["--location", "a,b"],
        ["--reaction", "👍"],
        ["--image", "https://a.es/b.png", "--location", "1,2"],
    ],
)
def test_what_makes_no_message_ends_with_2(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    server = Server()
    assert run(monkeypatch, server, "send", "--to", TO, *words)[0] == 2
    assert [each for each in server.asked if each[0] == "POST"] == []


@pytest.mark.parametrize(("outcome", "code"), [("done", 0), ("unknown", 1)])
def test_acts_on_a_message_say_how_they_ended(monkeypatch: pytest.MonkeyPatch, outcome: str, code: int) -> None:
    server = Server({"id": ID, "outcome": outcome, "code": None, "text": None})
    assert run(monkeypatch, server, "messages", "edit", ID, "--text", "a las once")[0] == code
    assert run(monkeypatch, server, "messages", "delete", ID)[0] == code
    assert server.asked == [
        ("POST", f"/api/v1/messages/{ID}/edit", {"text": "a las once"}),
        ("POST", f"/api/v1/messages/{ID}/delete", None),
    ]


@pytest.mark.parametrize(("whatsapp", "code"), [(True, 0), (False, 1), (None, 1)])
def test_numbers_without_whatsapp_are_a_finding(
    monkeypatch: pytest.MonkeyPatch, whatsapp: bool | None, code: int
) -> None:
    row = {"number": "34600111222", "whatsapp": whatsapp, "resolved": None, "checked_at": None, "source": "cache"}
    server = Server({"numbers": [row], "left_today": 3})
    ended, said = run(monkeypatch, server, "instances", "numbers", "sales", TO)
    assert (ended, "34600111222" in said) == (code, True)
    assert server.asked == [("POST", "/api/v1/instances/sales/numbers", {"numbers": [TO]})]


def test_signs_of_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server({"instance": "sales", "done": True})
    assert run(monkeypatch, server, "instances", "typing", "sales", "--to", TO, "--seconds", "2")[0] == 0
    assert run(monkeypatch, server, "instances", "read", "sales", "--from", TO, "3A01", "3A02")[0] == 0
    assert server.asked == [
        ("POST", "/api/v1/instances/sales/typing", {"to": TO, "seconds": 2.0}),
        ("POST", "/api/v1/instances/sales/read", {"from": TO, "ids": ["3A01", "3A02"]}),
    ]
