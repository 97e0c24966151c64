"""Diagrams in mermaid, drawn from what the code decides by: states, escalation, the ladder of rooms, ways. Pure."""

import tomllib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from anclora.incidents.model import State as Standing
from anclora.incidents.rules import clocks
from anclora.kit.settings import Settings
from anclora.kit.severity import PRESSING
from anclora.messages.model import FINAL, TRANSITIONS, State
from anclora.workers import Role

_ROOT = Path(__file__).parent.parent
_BY = "Written by `scripts/reference_pages.py` from the code; `make check` holds it to that.\n"
_WHY = {"opened": "at once", "unacknowledged": "nobody has it", "unresolved": "not resolved"}


def mermaid(lines: Sequence[str]) -> str:
    """A block that GitHub and the site draw."""
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def states() -> str:
    """The life of a message as its table of transitions has it."""
    lines = [f"  {state.value} --> {to.value}" for state in State for to in State if to in TRANSITIONS[state]]
    ends = [f"  {state.value} --> [*]" for state in State if state in FINAL]
    return mermaid(["stateDiagram-v2", "  [*] --> queued", "  [*] --> scheduled", *lines, *ends])


def escalation() -> str:
    """Who is called when, by the clocks of incidents."""
    lines = ["flowchart LR"]
    for severity in PRESSING:
        kind = severity.value
        before = f"{kind}([{kind}])"
        for why, seconds, level in clocks(Standing.OPEN, severity):
            after = "" if why == "opened" else f" for {seconds / 60:.0f} min"
            node = f"{kind}_{level.value}[{level.value.replace('_', ' ')}]"
            lines.append(f'  {before} -- "{_WHY[why]}{after}" --> {node}')
            before = node.partition("[")[0]
    return mermaid(lines)


def ways() -> str:
    """Which channels hear of what, unless a setting says otherwise: one after > is taken when the one before fails."""
    lines = ["flowchart LR"]
    for kind in ("critical", "warning", "info"):
        for side in str(Settings.model_fields[f"ways_{kind}"].default).split(","):
            path = [channel.strip() for channel in side.split(">")]
            nodes = [f"{kind}_{path[0]}_{channel}[{channel}]" for channel in path]
            lines.append(f"  {kind}([{kind}]) --> {nodes[0]}")
            lines += [f'  {one} -- "fails" --> {other}' for one, other in pairwise(nodes)]
    return mermaid(lines)


def ladder() -> str:
    """The rooms of the program: each row imports only from the rows below it."""
    contracts = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (rows,) = [each["layers"] for each in contracts if each["type"] == "layers"]
    nodes = [f'  row{place}["{row.replace(" | ", ", ")}"]' for place, row in enumerate(rows)]
    steps = [f"  row{place} --> row{place + 1}" for place in range(len(rows) - 1)]
    return mermaid(["flowchart TB", *nodes, *steps])


def processes() -> str:
    """What runs, and what it leans on."""
    lines = ["flowchart LR", "  postgres[(Postgres: the ledger)]", "  redis[(Redis: the lanes)]"]
    for role in Role:
        if role is not Role.ALL:
            lines += [f'  {role.value}["serve --role {role.value}"] --> postgres', f"  {role.value} --> redis"]
    return mermaid(lines)


def diagrams_page() -> str:
    """The page of all of them."""
    sections = {
        "Processes": ("One with the role `all` does the same alone.", processes()),
        "Rooms": ("A room imports only from the rows below its own; `make check` holds the code to that.", ladder()),
        "The states of a message": (
            "What each means, and what may follow: [states of a message](messages-states.md).",
            states(),
        ),
        "Who is called for an incident": (
            "To acknowledge stops only the first clock. More: [answer an incident](../howto/incidents.md).",
            escalation(),
        ),
        "Which way it goes": (
            "By the defaults of the settings `ANCLORA_WAYS_…`. More: [be woken](../howto/alarms.md).",
            ways(),
        ),
    }
    return f"# Diagrams\n\n{_BY}" + "".join(
        f"\n## {title}\n\n{words}\n\n{drawn}" for title, (words, drawn) in sections.items()
    )
