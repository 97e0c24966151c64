"""What the playbook says to type, and what is typed here instead: two pages read, and put together. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")
_EXPECTED = "# Expected:"
_JOIN = "\\\n"


class Kind(StrEnum):
    """What becomes of a command."""

    RAN = "ran"
    SUBSTITUTED = "substituted"
    LISTED = "listed"


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of the playbook; a pipeline is one, and so is what goes on over several lines.

    Attributes:
        number: the block and the place in it, `1.4`.
        text: as it is written, line breaks and all.
        expected: what its `# Expected:` line says; empty without one.
    """

    number: str
    text: str
    expected: str = ""

    @property
    def line(self) -> str:
        """On one line."""
        return " ".join(self.text.replace(_JOIN, " ").split())


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the page says of a command.

    Attributes:
        short: the command, `…` in the place of what is left out.
        here: `as written`, what is typed instead (in backticks), or why it is not typed.
    """

    number: str
    short: str
    here: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command and what becomes of it.

    Attributes:
        short: as the page names it.
        typed: what a shell gets; empty when it is listed.
        why: why it is listed.
    """

    command: Command
    kind: Kind
    short: str
    typed: str = ""
    why: str = ""


def commands_of(playbook: str) -> list[Command]:
    """Every command of the bash blocks, in their order."""
    found: list[Command] = []
    for block, text in enumerate(_BLOCK.findall(playbook), start=1):
        place = 0
        for line in text.replace(_JOIN, "\0").splitlines():
            if line.startswith(_EXPECTED):
                found[-1] = replace(found[-1], expected=line.removeprefix(_EXPECTED).strip())
            elif line.strip() and not line.startswith("#"):
                place += 1
                found.append(Command(number=f"{block}.{place}", text=line.replace("\0", _JOIN)))
    return found


def words_of(page: str) -> dict[str, str]:
    """What stands for what, everywhere: the rows that begin with an address or a `NEW_…`."""
    rows = (_cells(line) for line in page.splitlines() if line.startswith(("| `http", "| `NEW_")))
    return {_code(cells[0]): _code(cells[1]) for cells in rows}


def rows_of(page: str) -> list[Row]:
    """The rows of commands: those that begin with a number such as `1.4`."""
    rows = (_cells(line) for line in page.splitlines() if re.match(r"\| \d+\.\d+ ", line))
    return [Row(number=cells[0], short=_code(cells[1]), here=cells[2]) for cells in rows]


def steps_of(commands: Sequence[Command], rows: Sequence[Row], words: Mapping[str, str]) -> list[Step]:
    """Each command with its row.

    Raises:
        ValueError: a command has no row, or a row no command; the sentence names it.
    """
    numbers, listed = [each.number for each in commands], [each.number for each in rows]
    if numbers != listed:
        odd = sorted(set(numbers) ^ set(listed)) or ["their order"]
        raise ValueError(f"The page of commands and the playbook do not fit: {', '.join(odd)}.")
    return [_step(command, row, words) for command, row in zip(commands, rows, strict=True)]


def _step(command: Command, row: Row, words: Mapping[str, str]) -> Step:
    if re.fullmatch(".*".join(re.escape(part.strip()) for part in row.short.split("…")), command.line) is None:
        raise ValueError(
            f"{row.number} is {command.line!r} in the playbook, and {row.short!r} in the page of commands."
        )
    if row.here == "as written":
        return Step(command=command, kind=Kind.RAN, short=row.short, typed=_translated(command.text, words))
    if row.here.startswith("`"):
        typed = _translated(_code(row.here), words)
        return Step(command=command, kind=Kind.SUBSTITUTED, short=row.short, typed=typed)
    return Step(command=command, kind=Kind.LISTED, short=row.short, why=row.here)


def _translated(text: str, words: Mapping[str, str]) -> str:
    for theirs, ours in words.items():
        text = text.replace(theirs, ours)
    return text


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _CELL.split(line.strip().strip("|"))]


def _code(cell: str) -> str:
    return cell.strip("`")
