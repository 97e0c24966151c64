"""What `docker-compose.yml` and `Dockerfile` say, with the variables filled in as compose fills them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
FILE, IMAGE = ROOT / "docker-compose.yml", ROOT / "Dockerfile"
ROLES = ("api", "dispatch", "work")
OWN = (*ROLES, "migrate")
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def raw() -> dict[str, Any]:
    """The file as it is written, anchors and merges done."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def variables() -> set[str]:
    """The variables it cannot start without, or that some service goes without otherwise."""
    found = _VARIABLE.findall(FILE.read_text(encoding="utf-8"))
    return {name for name, kind, _ in found if kind == "?"}


def filled(values: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables; one that is needed and not given is a KeyError."""
    return _fill(raw(), values)


def _fill(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, values) for value in node]
    if not isinstance(node, str):
        return node

    def value_of(match: re.Match[str]) -> str:
        return values.get(match[1], match[3]) if match[2] == "-" else values[match[1]]

    return _VARIABLE.sub(value_of, node)


def secrets() -> dict[str, str]:
    """A value for each variable it needs."""
    return {name: f"secret-of-{name.lower().replace('_', '-')}" for name in variables()}


def seconds(text: str) -> int:
    """A span as compose writes it, such as 110s."""
    assert text.endswith("s")
    return int(text[:-1])


def instructions() -> list[tuple[str, str]]:
    """The instructions of the image's last stage: word and rest, a line continued is one."""
    text = re.sub(r"^#.*\n", "", IMAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).strip().splitlines()
    pairs = [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line)]
    last = max(at for at, (word, _) in enumerate(pairs) if word == "FROM")
    return pairs[last:]


def image_environment() -> dict[str, str]:
    """What the image sets, without its PATH."""
    [said] = [rest for word, rest in instructions() if word == "ENV"]
    found = dict(part.split("=", 1) for part in said.split())
    return {name: value for name, value in found.items() if name != "PATH"}


def health_check() -> list[str]:
    """The command of the image's health check."""
    [said] = [rest for word, rest in instructions() if word == "HEALTHCHECK"]
    return json.loads(said.partition("CMD ")[2])
