"""The table of roles is whole, the page is the table, and each command asks for its role before it does anything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
import typer

from anclora.access import BODIES, DUTIES, SCOPES, scopes_of, table
from anclora.access.roles import ADMIN, ANYBODY, OPEN, SIGNATURE
from anclora.cli import actor
from anclora.cli.actor import ROLE, needs_of
from anclora.cli.app import app
from anclora.kit.errors import ForbiddenError, InvalidError
from anclora.kit.said import REDACTED, SAID, withheld
from scripts.access_page import access_page, lets_in

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "access.md"
ROLES = list(table().roles)


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield " ".join(words), command
    for name, child in children.items():
        yield from commands(child, (*words, name))


COMMANDS = {words: command for words, command in commands(typer.main.get_command(app)) if words}


def test_every_scope_and_duty_has_its_roles_and_nothing_else_stands_there() -> None:
    known = table()
    assert ROLES == ["admin", "devops", "developer", "support", "viewer"]
    assert set(known.may) == SCOPES.keys() | DUTIES.keys()
    assert not SCOPES.keys() & DUTIES.keys()
    for name, roles in known.may.items():
        assert ADMIN in roles, name
        assert roles <= set(ROLES), name


def test_what_doors_and_commands_need_exists() -> None:
    known = table()
    for door, needs in known.routes.items():
        assert needs in ((ANYBODY,), (OPEN,), (SIGNATURE,)) or set(needs) <= SCOPES.keys(), door
    for command, needs in known.commands.items():
        assert needs == (ANYBODY,) or set(needs) <= known.may.keys(), command


def test_the_words_of_people_are_read_by_admins_and_by_those_who_talk_with_them() -> None:
    assert table().may[BODIES] == {"admin", "support"}


def test_each_role_has_what_the_playbook_says_of_it() -> None:
    assert scopes_of(ADMIN) == SCOPES.keys()
    assert {each.partition(":")[2] for each in scopes_of("viewer")} == {"read"}
    support = scopes_of("support")
    writes = {each for each in support if not each.endswith(":read")}
    assert writes == {"messages:send", BODIES, "contacts:write", "conversations:write", "conversions:write"}
    assert scopes_of("devops") == SCOPES.keys() - {BODIES}
    assert scopes_of("nobody") == frozenset()


def test_no_command_is_without_an_entry_and_no_entry_without_a_command() -> None:
    known = set(table().commands)
    there = set(COMMANDS)
    for words, command in COMMANDS.items():
        options = {name for each in command.params for name in each.opts if each.param_type_name == "option"}
        arguments = {str(each.metavar or each.name).upper() for each in command.params} - options
        there |= {line for line in known if line.removeprefix(f"{words} ") in options | arguments | {"--*"}}
    assert (set(COMMANDS) - known, known - there) == (set(), set())


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == access_page()


@pytest.mark.parametrize("words", COMMANDS)
def test_each_command_asks_before_it_does_anything(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    asked: list[str] = []

    def refuse(role: str, words: str, given: object, params: object) -> None:
        asked.append(f"{role}: {words}")
        raise ForbiddenError("no")

    monkeypatch.setenv(ROLE, "viewer")
    monkeypatch.setattr(actor, "_require", refuse)
    command = COMMANDS[words]
    with pytest.raises(ForbiddenError):
        command.invoke(typer.Context(command))
    assert asked == [f"viewer: {words}"]


@pytest.mark.parametrize("role", ROLES)
def test_each_command_is_refused_to_whom_the_page_does_not_let(monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setattr(actor, "_record", lambda *_: "")
    section = PAGE.read_text(encoding="utf-8").partition("## Commands")[2]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if "| `anclora" in line]
    allowed = {
        row[0].replace("`, any option", " --*").strip("`").removeprefix("anclora "): row[2 + ROLES.index(role)] == "x"
        for row in rows
    }
    assert set(allowed) == set(table().commands)
    for words in COMMANDS:
        assert _lets(role, words, []) == allowed[words], words
    for line in set(allowed) - set(COMMANDS):
        words, _, besides = line.rpartition(" ")
        assert _lets(role, words, [besides]) == (allowed[words] and allowed[line]), line


def _lets(role: str, words: str, given: list[str]) -> bool:
    try:
        actor._require(role, words, given, {})
    except ForbiddenError as refused:
        return refused.code != "role_forbids"
    return True


def test_what_was_typed_behind_a_command_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    known = table().commands
    assert needs_of(known, "messages classes", []) == ["messages:read"]
    assert needs_of(known, "messages classes", ["--when-unknown", "--*"]) == ["messages:read", "queue:write"]
    assert needs_of(known, "queue quiet", ["CLASS", "HOURS"]) == ["messages:read", "queue:write"]
    assert needs_of(known, "of a later version", []) is None
    monkeypatch.setenv(ROLE, "viewer")
    monkeypatch.setattr(actor, "_record", lambda *_: "")
    command = COMMANDS["queue quiet"]
    with pytest.raises(ForbiddenError, match="lacks queue:write"):
        command.main(["utility", "21:00-09:00"], standalone_mode=False)


def test_nobody_has_a_role_that_is_not_there() -> None:
    with pytest.raises(InvalidError, match="admin, devops, developer, support, viewer"):
        actor._require("root", "version", [], {})


def test_doors_with_a_proof_of_their_own_let_no_role_in() -> None:
    assert [role for role in ROLES if lets_in(role, (SIGNATURE,))] == []
    assert [role for role in ROLES if lets_in(role, (OPEN,)) and lets_in(role, (ANYBODY,))] == ROLES


class _Inner(msgspec.Struct, frozen=True):
    words: Annotated[str | None, SAID]
    raw: Annotated[msgspec.Raw, SAID]
    code: str = "kept"


def test_words_are_withheld_however_deep_they_lie_and_what_is_null_stays_null() -> None:
    said = _Inner(words="hola", raw=msgspec.Raw(b'{"text":"hola"}'))
    nothing = _Inner(words=None, raw=msgspec.Raw(b"null"))
    found = msgspec.to_builtins(msgspec.json.decode(msgspec.json.encode(withheld({"page": [said, (nothing,)]}))))
    redacted = {"words": REDACTED, "raw": {"redacted": "needs messages:bodies"}, "code": "kept"}
    assert found == {"page": [redacted, [{"words": None, "raw": None, "code": "kept"}]]}
    assert withheld(5) == 5
