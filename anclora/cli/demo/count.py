"""The verdict: the ledger against the witness, the file in which the sandbox wrote what really went out."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from anclora.cli.demo.plan import Planned

_WENT_OUT = ("sent", "delivered", "read", "played")
_OPEN = ("scheduled", "queued", "sending", "unknown")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the count found; each list names messages.

    Attributes:
        lost: accepted, not refused for good, and never seen by the witness; or without a final state.
        doubled: seen more than once.
        false: called failed although the witness saw them.
        disordered: sent before an earlier one to the same person.
    """

    lost: list[str]
    doubled: list[str]
    false: list[str]
    disordered: list[str]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.false or self.disordered)


def read_witness(path: Path) -> list[tuple[str, str]]:
    """(recipient, text) in the order of arrival."""
    with path.open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [(record["recipient"], record["text"]) for record in records]


def count(
    planned: Sequence[Planned], states: Mapping[tuple[str, str], str], seen: Sequence[tuple[str, str]]
) -> Verdict:
    """Compare plan, ledger and witness. Pure.

    Args:
        planned: what was accepted.
        states: (recipient, text) -> state in the ledger.
        seen: the witness, in order.
    """
    times = Counter(seen)
    lost: list[str] = []
    false: list[str] = []
    for message in planned:
        key = (message.to, message.text)
        state = states.get(key, "absent")
        name = f"{_name(message.text)} to {message.to} ({state})"
        if state in (*_OPEN, "absent") or (state in _WENT_OUT and not times[key]):
            lost.append(name)
        elif state not in _WENT_OUT and times[key]:
            false.append(name)
    doubled = [f"{_name(text)} to {to} ({n} times)" for (to, text), n in times.items() if n > 1]
    return Verdict(lost=lost, doubled=doubled, false=false, disordered=_disordered(seen))


def _disordered(seen: Sequence[tuple[str, str]]) -> list[str]:
    last: dict[str, str] = {}
    wrong: list[str] = []
    for to, text in seen:
        before = last.setdefault(to, text)
        if _serial(text) < _serial(before):
            wrong.append(f"{_name(text)} to {to} after {_name(before)}")
        else:
            last[to] = text
    return wrong


def _serial(text: str) -> tuple[int, str]:
    """What a text is ordered by: #100000 comes after #99999, which letters alone would not say."""
    return len(_name(text)), text


def _name(text: str) -> str:
    return text.partition(" ")[0]
