"""Every command speaks JSON when asked, explains itself, and ends with 0, 1 or 2."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from anclora.cli import main
from anclora.cli.app import app

# They run until they are stopped; what they say is their log.
SERVERS = {"serve", "sandbox"}


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield words, command
    for name, child in children.items():
        yield from commands(child, (*words, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_takes_json_and_every_option_says_what_it_is(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    options = [name for parameter in command.params for name in parameter.opts]
    assert ("--json" in options) == (words[0] not in SERVERS)
    assert command.help
    assert [parameter.name for parameter in command.params if not getattr(parameter, "help", None)] == []


def ended(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["anclora", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


@pytest.mark.parametrize(
    "words", [["nope"], ["send"], ["messages", "show", "7"], ["up", "--port", "0"], ["queue", "x"]]
)
def test_what_cannot_be_understood_ends_with_2(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    assert ended(monkeypatch, *words) == 2


@pytest.mark.usefixtures("nowhere")
def test_a_failure_ends_with_1_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "queue") == 1
    out, err = capsys.readouterr()
    assert (out, err.startswith("anclora: Nobody answers at http://127.0.0.1:1.")) == ("", True)


@pytest.mark.usefixtures("nowhere")
def test_a_failure_is_json_when_json_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "queue", "--json") == 1
    assert json.loads(capsys.readouterr().err).keys() == {"code", "detail"}


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANCLORA_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("API_KEY", "ak_x")


def test_what_succeeds_ends_with_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(monkeypatch, "version", "--json") == 0
    assert json.loads(capsys.readouterr().out).keys() == {"version"}


@pytest.mark.usefixtures("nowhere")
def test_on_a_terminal_a_sentence_breaks_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    assert ended(monkeypatch, "queue") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "anclora: Nobody answers at"
    assert len(lines) > 2


@pytest.mark.parametrize("words", ["version", "queue --help", "send --help"])
def test_a_small_command_waits_for_nothing_large(words: str) -> None:
    code = (
        f"import sys; sys.argv = ['anclora', *{words.split()}]\n"
        "from anclora.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "large = {'fastapi', 'sqlalchemy', 'alembic', 'uvicorn', 'psycopg', 'anclora.runtime'}\n"
        "assert not large & sys.modules.keys(), large & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
