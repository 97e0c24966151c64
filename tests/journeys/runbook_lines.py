"""What a runbook page tells somebody to type, and what its source says of that. Pure.

A comment right before a block speaks of all its lines; one that names a command between backticks, anywhere in the
page, speaks of that command in the sentences:

    <!-- not run: why nobody tries it here -->
    <!-- may end with 1: why that is no failure -->
    <!-- started: it goes on until it is told to stop -->
    <!-- not run: `anclora instances qr NAME`: it waits for a phone -->
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import typer

from anclora.cli.app import app

Mark = Literal["", "not run", "may end with 1", "started"]
_COMMENT = re.compile(r"<!-- (not run|may end with 1|started): (?:`([^`]+)`: )?(.+?) -->")
_PROGRAMS = (
    "anclora curl redis-cli redis-check-aof psql pg_isready jq df du git systemctl amtool chronyc py-spy aws make"
)
_STARTS = re.compile(rf"(?:\.venv/bin/)?(?:{'|'.join(_PROGRAMS.split())})(?![:\w-])|scripts/[\w/-]+\.sh")
_SETS = re.compile(r"source |[A-Z_]+=\S+ ")
_GO_ON = ("up", "serve", "sandbox")
_USAGE: Any = typer.BadParameter.__base__  # the class of click that this typer brings along
_APP: Any = typer.main.get_command(app)


class Shown(NamedTuple):
    """One line to type.

    Attributes:
        line: as it stands there, its continuations joined.
        mark: what the source says of it; "" = it must succeed.
        reason: why, behind a mark.
    """

    line: str
    mark: Mark
    reason: str


def shown_in(text: str) -> Iterator[Shown]:
    """Everything a page shows to type, in order; a block that is no shell (an expression of an alert) is none."""
    marks = {found[2]: found for found in _COMMENT.finditer(text) if found[2]}
    comment: re.Match[str] | None = None
    block: list[str] | None = None
    for line in text.splitlines():
        if line.strip().startswith("```"):
            if block is not None:
                yield from (_shown(each, comment) for each in _joined(block))
                comment = None
            block = [] if block is None else None
        elif block is not None:
            block.append(line.strip())
        elif found := _COMMENT.search(line):
            comment = found if not found[2] else comment
        elif line.strip():
            comment = None
            for span in re.findall(r"`([^`]+)`", line):
                if _STARTS.match(span) and not span.startswith("make ") and is_whole(span):
                    yield _shown(span, marks.get(span))


def _joined(block: list[str]) -> list[str]:
    lines = re.sub(r"\\\n", " ", "\n".join(block)).splitlines()
    typed = [re.sub(r"\s+#\s.*", "", line) for line in lines if line and not line.startswith("#")]
    return typed if any(_SETS.match(line) or _STARTS.match(line) for line in typed) else []


def _shown(line: str, found: re.Match[str] | None) -> Shown:
    mark: Any = found[1] if found else ""
    return Shown(line, mark, found[3] if found else "")


def is_whole(span: str) -> bool:
    """Whether a span is a command to type; else it is only the name of one, which lacks its arguments.

    What goes on until it is told to stop is tried where a block shows it, marked `started`.
    """
    words = shlex.split(re.sub(r"<[^>]+>|…", "X", span))
    if not words[0].endswith("anclora"):
        return len(words) > 1 or words[0].startswith("scripts/")
    command, rest = _APP, words[1:]
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    if getattr(command, "commands", {}) and not command.invoke_without_command:
        return False
    if command.name in _GO_ON:
        return False
    try:
        command.make_context(command.name, rest)
    except _USAGE as wrong:
        return type(wrong).__name__ not in ("MissingParameter", "BadOptionUsage")  # typing it will tell the rest
    return True


def filled(line: str, values: Mapping[str, str]) -> str:
    """The line with what stands for something of the reader's own put in; `values` are its words, longest first."""
    for word, value in sorted(values.items(), key=lambda pair: -len(pair[0])):
        line = re.sub(rf"(?<![\w-]){re.escape(word)}(?!\w)", value, line)
    return line
