"""Commands of a role on a real ledger: refused with a sentence, an exit code and an entry in the audit trail."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from anclora.audit import recent
from anclora.audit.trail import Entry
from anclora.cli import main
from anclora.cli.actor import ROLE
from anclora.storage.database import Database, open_pool

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def ledger(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ANCLORA_ENV_FILE", "")
    monkeypatch.setenv("ANCLORA_DATA_DIR", str(tmp_path))


def typed(monkeypatch: pytest.MonkeyPatch, *words: str, role: str | None = None) -> int:
    if role is None:
        monkeypatch.delenv(ROLE, raising=False)
    else:
        monkeypatch.setenv(ROLE, role)
    monkeypatch.setattr(sys, "argv", ["anclora", *words])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def trail(database_url: str) -> list[Entry]:
    async def read() -> list[Entry]:
        db = Database(await open_pool(database_url))
        try:
            return await recent(db)
        finally:
            await db.close()

    return asyncio.run(read())


def told(capsys: Said) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_refusal_has_a_sentence_an_exit_code_and_an_entry(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, database_url: str
) -> None:
    assert typed(monkeypatch, "keys", "create", "--name", "crm", "--json", role="support") == 1
    refused = json.loads(capsys.readouterr().err)
    assert refused["code"] == "role_forbids"
    assert refused["detail"].startswith("The role support may not `anclora keys create`: it lacks keys:write.")
    [entry] = trail(database_url)
    assert (entry.action, entry.subject) == ("command.refuse", "command:keys create")
    assert entry.detail == {"role": "support", "lacks": ["keys:write"]}
    assert entry.actor.startswith("cli:")
    assert typed(monkeypatch, "keys", "list", "--json") == 0
    assert told(capsys) == []


def test_what_the_role_may_is_done(monkeypatch: pytest.MonkeyPatch, capsys: Said, database_url: str) -> None:
    assert typed(monkeypatch, "audit", "list", "--json", role="developer") == 0
    assert told(capsys) == []
    assert typed(monkeypatch, "version", "--json", role="viewer") == 0
    assert trail(database_url) == []


def test_where_no_ledger_answers_the_refusal_stands_and_says_that_it_is_not_written_down(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert typed(monkeypatch, "backup", "prune", role="devops") == 1
    assert "it lacks backups:end" in (said := capsys.readouterr().err)
    assert "Not in the audit trail: There is no database." in said


def test_a_role_that_is_not_there_ends_with_2(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    assert typed(monkeypatch, "version", role="root") == 2
    assert "there are: admin, devops" in capsys.readouterr().err


def test_a_key_of_a_role_is_made_shown_and_written_down(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, database_url: str
) -> None:
    assert typed(monkeypatch, "keys", "create", "--name", "eva", "--role", "viewer", "--json") == 0
    made = told(capsys)
    assert (made["role"], "messages:read" in made["scopes"].split()) == ("viewer", True)
    assert typed(monkeypatch, "keys", "list", "--json") == 0
    [key] = told(capsys)
    assert (key["role"], key["scopes"]) == ("viewer", made["scopes"])
    [entry] = trail(database_url)
    assert entry.detail == {"name": "eva", "role": "viewer"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--role", "root"), "There is no role root. Choose from: admin, devops, developer, support, viewer."),
        (("--role", "viewer", "--scope", "messages:read"), "A key has a role or scopes, not both"),
    ],
)
def test_a_role_is_one_that_is_there_and_stands_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, words: tuple[str, ...], sentence: str
) -> None:
    assert typed(monkeypatch, "keys", "create", "--name", "eva", *words) == 2
    assert sentence in capsys.readouterr().err
