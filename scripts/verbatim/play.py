"""All steps, one after the other: a line for each, and at the end how many were what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.verbatim.commands import Kind, Step

_COMMAND_CHARS = 72


class UnmetError(Exception):
    """A command did not do what it should; the text says what it did."""


def must(holds: bool, otherwise: str) -> None:
    """Raise `UnmetError` with this text unless it holds."""
    if not holds:
        raise UnmetError(otherwise)


@dataclass(frozen=True, kw_only=True)
class Did:
    """What a command did. `code` is 0 for one that goes on for ever and was ended once enough was seen."""

    code: int
    out: str
    err: str = ""


def play(steps: Sequence[Step], act: Callable[[Step], str], say: Callable[[str], None]) -> int:
    """Play them all, also after one that failed.

    Args:
        steps: in the playbook's order.
        act: types one; what was asserted of it.
        say: hears the lines.

    Returns:
        The exit code: 1 when one was not as it should.
    """
    counts = dict.fromkeys(Kind, 0)
    failed: list[tuple[str, str]] = []
    for step in steps:
        if step.kind is Kind.LISTED:
            counts[step.kind] += 1
            say(_line(step, step.kind.value, step.why))
            continue
        try:
            asserted = act(step)
        except UnmetError as error:
            failed.append((f"{step.command.number} {step.command.line}", str(error)))
            say(_line(step, "FAILED", str(error)))
        else:
            counts[step.kind] += 1
            say(_line(step, step.kind.value, asserted))
    say("")
    for command, why in failed:  # the reason once more: of a long log people keep the end
        say(f"Not as it should be: {command}")
        say(why)
    told = [f"{count} {kind.value}" for kind, count in counts.items()]
    say(f"{len(steps)} commands: {', '.join([*told, *([f'{len(failed)} FAILED'] if failed else [])])}")
    return 1 if failed else 0


def _line(step: Step, what: str, asserted: str) -> str:
    shown = f"{step.short} => {step.typed}" if step.kind is Kind.SUBSTITUTED else step.command.line
    if len(shown) > _COMMAND_CHARS:
        shown = f"{shown[: _COMMAND_CHARS - 1]}…"
    return f"{step.command.number:<5}{what:<13}{shown:<{_COMMAND_CHARS}}  {asserted}"
