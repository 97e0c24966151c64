"""The folder of recordings, and the comparison of what we build with what was recorded."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTING = "ANCLORA_CONTRACT_DIR"
DEFAULT = Path(__file__).parent / "evolution-2.3.7"


def folder() -> Path:
    """Where the recordings are. Unset = the committed ones; a folder that is missing or has none is an error."""
    named = os.environ.get(SETTING)
    place = DEFAULT if named is None else Path(named)
    if named == "" or not place.is_dir():
        raise FileNotFoundError(f"{SETTING}={named!r} is no folder of recordings")
    return place


def files() -> Sequence[Path]:
    """Every exchange file of the folder."""
    found = sorted(folder().glob("*/*.json"))
    if not found:
        raise FileNotFoundError(f"{folder()} holds no recordings (<group>/<name>.json)")
    return found


def answered(response: Mapping[str, Any]) -> bytes:
    """The bytes of a recorded answer."""
    body = response.get("body")
    if response.get("empty_body"):
        return b""
    if isinstance(body, str) and response.get("body_is_text"):
        return body.encode()
    return json.dumps(body).encode()


def differences(ours: Any, theirs: Any, optional: AbstractSet[str], at: str = "") -> list[str]:
    """Where two bodies differ; a member that only one side has counts unless its dotted path is optional."""
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return [] if ours == theirs else [f"{at}: ours {ours!r}, recorded {theirs!r}"]
    found: list[str] = []
    for name in sorted(ours.keys() | theirs.keys()):
        path = f"{at}.{name}".lstrip(".")
        if name in ours and name in theirs:
            found += differences(ours[name], theirs[name], optional, path)
        elif path not in optional:
            found.append(f"{path}: only {'ours' if name in ours else 'recorded'}")
    return found


@dataclass
class Tally:
    """How many of how many, per group and kind of check."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    outside: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_last_row: int = 0
    unclassified: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report."""
        if not self.asked and not self.outside:
            return []
        kinds = ("rebuilt", "classified", "parsed", "read", "shown")
        groups = sorted({group for group, _ in self.asked})
        lines = ["", f"recordings in {folder().name}: n of m per group"]
        lines += [f"  {'':24}" + "".join(f"{kind:>14}" for kind in kinds)]
        for group in groups:
            lines.append(f"  {group:24}" + "".join(f"{self._share(group, kind):>14}" for kind in kinds))
        whole = [f"{sum(v for (_, k), v in self.done.items() if k == kind)}" for kind in kinds]
        of = [f"{sum(v for (_, k), v in self.asked.items() if k == kind)}" for kind in kinds]
        lines.append(f"  {'all':24}" + "".join(f"{f'{n} of {m}':>14}" for n, m in zip(whole, of, strict=True)))
        lines.append(f"unclassified: {len(self.unclassified)} {' '.join(self.unclassified)}".rstrip())
        lines.append(f"classified by the last row (everything else = unknown): {self.by_last_row}")
        lines.append("out of scope by rule:")
        for kind, rules in sorted(self.outside.items()):
            lines += [f"  not {kind}: {count:4} {rule}" for rule, count in rules.most_common()]
        return lines

    def _share(self, group: str, kind: str) -> str:
        asked = self.asked[group, kind]
        return f"{self.done[group, kind]} of {asked}" if asked else "-"
