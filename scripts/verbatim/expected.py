"""Whether what a command says is what its line `# Expected:` promises."""

import json

from scripts.verbatim.play import UnmetError, must
from scripts.verbatim.stage import Stage


def expected(line: str, out: str, stage: Stage) -> str:
    """The line `# Expected:` itself, once it is met.

    Raises:
        UnmetError: it is not, or nobody knows how to tell.
    """
    said = out.strip()
    if line.startswith('"'):
        met = said == line
    elif line.startswith("< "):
        met = said.isdecimal() and int(said) < int(line.removeprefix("< "))
    elif line == "Today's date":
        met = any(f"{day}T" in said for day in stage.days)
    elif line == "All instances connected":
        met = sorted(json.loads(each) for each in said.splitlines()) == _instances(stage)
    else:
        raise UnmetError(f"nobody knows how to tell whether {line!r} is so")
    must(met, f"expected is {line}, and it says {said[:100]!r}")
    return line


def _instances(stage: Stage) -> list[str]:
    return sorted(each["name"] for each in stage.ask("/api/whatsapp/instances")["instances"])
