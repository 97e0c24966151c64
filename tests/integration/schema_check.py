"""Whether a value is what a JSON schema says: the words our description uses, and an error for any other word."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
# Words that say nothing about the value, or nothing these tests need.
_SILENT = {"title", "description", "default", "example", "examples", "format", "contentEncoding", "discriminator"}


class Schemas:
    """The named schemas of a description."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._named: Mapping[str, Any] = description["components"]["schemas"]
        self._words: Mapping[str, Callable[[Any, Any, Any, str], Iterator[str]]] = {
            "$ref": lambda said, value, _, place: self.misfits(value, self._named[said.rpartition("/")[2]], place),
            "type": _type,
            "enum": lambda said, value, _, place: _unless(value in said, f"{place}: {value!r} is none of {said}"),
            "anyOf": self._any,
            "oneOf": self._any,
            "required": _required,
            "properties": self._properties,
            "additionalProperties": self._others,
            "items": self._items,
            "minimum": lambda said, value, _, place: _unless(
                not _number(value) or value >= said, f"{place}: under {said}"
            ),
            "maximum": lambda said, value, _, place: _unless(
                not _number(value) or value <= said, f"{place}: over {said}"
            ),
            "minItems": lambda said, value, _, place: _unless(
                not isinstance(value, list) or len(cast(list[Any], value)) >= said, f"{place}: fewer than {said}"
            ),
            "minLength": lambda said, value, _, place: _unless(
                not isinstance(value, str) or len(value) >= said, f"{place}: shorter than {said}"
            ),
            "maxLength": lambda said, value, _, place: _unless(
                not isinstance(value, str) or len(value) <= said, f"{place}: longer than {said}"
            ),
            "maxItems": lambda said, value, _, place: _unless(
                not isinstance(value, list) or len(cast(list[Any], value)) <= said, f"{place}: more than {said}"
            ),
        }

    def misfits(self, value: Any, schema: Any, place: str = "$") -> Iterator[str]:
        """Every place where the value is not what the schema says, as words."""
        for word, said in cast(dict[str, Any], schema).items():
            if word in self._words:
                yield from self._words[word](said, value, schema, place)
            elif word not in _SILENT:
                yield f"{place}: the description uses {word!r}, which nobody checks"

    def _any(self, said: Any, value: Any, _schema: Any, place: str) -> Iterator[str]:
        fits = any(not list(self.misfits(value, each, place)) for each in said)
        yield from _unless(fits, f"{place}: {value!r} fits nothing of {said}")

    def _properties(self, said: Any, value: Any, schema: Any, place: str) -> Iterator[str]:
        members: dict[str, Any] = value if isinstance(value, dict) else {}
        for name, member in members.items():
            if name in said:
                yield from self.misfits(member, said[name], f"{place}.{name}")
            elif not schema.get("additionalProperties", False):
                yield f"{place}: {name} is not described"

    def _others(self, said: Any, value: Any, schema: Any, place: str) -> Iterator[str]:
        members: dict[str, Any] = value if isinstance(value, dict) and isinstance(said, dict) else {}
        for name, member in members.items():
            if name not in schema.get("properties", {}):
                yield from self.misfits(member, said, f"{place}.{name}")

    def _items(self, said: Any, value: Any, _schema: Any, place: str) -> Iterator[str]:
        for index, item in enumerate(cast(list[Any], value) if isinstance(value, list) else []):
            yield from self.misfits(item, said, f"{place}[{index}]")


def _unless(fits: bool, words: str) -> Iterator[str]:
    if not fits:
        yield words


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _type(said: Any, value: Any, _schema: Any, place: str) -> Iterator[str]:
    fits = isinstance(value, _TYPES[said]) and (said == "boolean" or not isinstance(value, bool))
    yield from _unless(fits, f"{place}: {value!r} is no {said}")


def _required(said: Any, value: Any, _schema: Any, place: str) -> Iterator[str]:
    members: dict[str, Any] = value if isinstance(value, dict) else {}
    yield from (f"{place}: {name} is missing" for name in said if name not in members)
