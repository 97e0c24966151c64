"""The pages say what is there: commands exist, folders exist, links lead somewhere, reference pages are the code's."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from anclora.cli.app import app

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
HOUSE = ("anclora", "tests", "docs", "deploy")
# Kept word for word as it was ordered; its commands come to life one by one.
ORIGINAL = ROOT / "docs" / "reference" / "playbook-original.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if path != ORIGINAL)]
_APP: Any = typer.main.get_command(app)  # once: to put all commands together takes a while
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def code_of(page: Path) -> Iterator[str]:
    """What a page shows as code: fenced lines and inline spans."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def commands_in(lines: Iterator[str]) -> Iterator[str]:
    """Every `anclora …` in lines of code, without its comment; `a|b|c` counts as three."""
    for line in lines:
        match = re.match(r"\s*(?:\$ )?(?:\.venv/bin/)?anclora\s+([^#|]+(?:\|[a-z][^#]*)?)", line)
        if match is None:
            continue
        words = match[1].strip()
        first, _, rest = words.partition(" ")
        for each in first.split("|"):
            yield f"{each} {rest}".strip()


def problem_of(words: str) -> str | None:
    """Why a command line is none of ours, or None; a noun alone stands for all its commands."""
    command = _APP
    rest = shlex.split(re.sub(r"<[^>]+>|…", "X", words))
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    if rest and getattr(command, "commands", {}):
        return f"{words!r}: {rest[:1]} is no command"
    known = {name for parameter in command.params for name in parameter.opts}
    unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    return f"{words!r}: unknown {unknown}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page: Path) -> None:
    assert [found for words in commands_in(code_of(page)) if (found := problem_of(words))] == []


def test_a_command_that_does_not_exist_is_noticed() -> None:
    assert list(commands_in(iter([".venv/bin/anclora send|sand --to 1  # hello"]))) == ["send --to 1", "sand --to 1"]
    assert problem_of("send --to 1") is None
    assert problem_of("instances") is None
    for wrong in ("sand --to 1", "messages shoe X", "send --too 1"):
        assert problem_of(wrong)


def test_every_command_a_sentence_of_the_program_names_exists() -> None:
    named = [
        words
        for path in (ROOT / "anclora").rglob("*.py")
        for words in re.findall(r"(?:[:`] ?|\.venv/bin/)anclora ([a-z][a-z -]+[a-z])", path.read_text(encoding="utf-8"))
        if "|" not in words
    ]
    assert len(named) > 10
    assert [found for words in named if (found := problem_of(words))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link.partition("#")[0] for link in _LINK.findall(page.read_text(encoding="utf-8"))]
    local = [link for link in links if link and "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_page_is_reached_from_the_first_one() -> None:
    index = (ROOT / "docs" / "README.md").resolve()
    assert "docs" in README.read_text(encoding="utf-8")
    assert {path.resolve() for path in (ROOT / "docs").rglob("*.md")} - linked_from(index) == {index}


def linked_from(index: Path) -> set[Path]:
    """Every page an index links; another README among them is an index too."""
    linked = {(index.parent / link).resolve() for link in _LINK.findall(index.read_text(encoding="utf-8"))}
    further = {page for page in linked if page.name == "README.md" and page != index and index not in page.parents}
    return linked.union(*(linked_from(page) for page in further if page.is_relative_to(index.parent)))


def test_the_readmes_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for page in PAGES for line in code_of(page) for word in re.findall(r"\bmake ([a-z]+)", line)}
    assert {"demo", "test", "up", "check"} <= named <= targets


def test_the_readmes_tree_is_the_tree() -> None:
    tree = README.read_text(encoding="utf-8").partition("## The tree")[2].partition("```\n")[2].partition("```")[0]
    named = set(re.findall(r"\w+/|\w+\.py", tree))
    packages = {f"{path.name}/" for path in (ROOT / "anclora").iterdir() if (path / "__init__.py").exists()}
    modules = {path.name for path in (ROOT / "anclora").glob("*.py") if not path.name.startswith("__")}
    tests = {f"{path.parent.name}/" for path in (ROOT / "tests").glob("*/test_*.py")}
    pages = {f"{path.parent.name}/" for path in (ROOT / "docs").glob("*/*.md")}
    assert (packages | modules | tests | pages) - named == set()
    places = [path for name in HOUSE for path in (ROOT / name).rglob("*")]
    there = {f"{path.name}/" if path.is_dir() else path.name for path in places} | {f"{name}/" for name in HOUSE}
    assert named - there == set()
