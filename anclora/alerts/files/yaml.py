"""YAML as the tools of Prometheus read it: mappings, lists, quoted words, blocks for several lines. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def yaml_text(value: Any, *, head: str) -> str:
    """A document below a comment."""
    comment = "".join(f"# {line}\n" if line else "#\n" for line in head.splitlines())
    return comment + "\n".join(_lines(value, 0)) + "\n"


def _lines(value: Any, indent: int) -> Iterator[str]:
    pad = "  " * indent
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{pad}{key}:", item, indent)
        return
    for item in value:
        if isinstance(item, Mapping) and item:
            first, *rest = _lines(item, indent + 1)
            yield f"{pad}- {first.strip()}"
            yield from rest
        else:
            yield f"{pad}- {_scalar(item)}"


def _entry(start: str, item: Any, indent: int) -> Iterator[str]:
    if isinstance(item, Mapping | Sequence) and not isinstance(item, str) and item:
        yield start
        yield from _lines(item, indent + 1)
    elif isinstance(item, str) and "\n" in item:
        yield f"{start} |-"
        yield from ("  " * (indent + 1) + line for line in item.splitlines())
    else:
        yield f"{start} {_scalar(item)}"


def _scalar(item: Any) -> str:
    # A JSON string is a YAML one; so no word can be taken for a number, a date or a yes.
    return json.dumps(item, ensure_ascii=False)
