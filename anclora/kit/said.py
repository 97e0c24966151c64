"""People's words, marked where they stand in a noun, so that one place withholds them from whoever may not read them.

A provider's and a receiver's own words are marked too: nobody can promise that they do not repeat a message. Pure.
"""

from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")
REDACTED = "[redacted: needs messages:bodies]"
_MEMBER = {"redacted": "needs messages:bodies"}
_MARK = "said"
# Stands in the annotation of a field: `Annotated[str | None, SAID]`.
SAID = msgspec.Meta(description="Redacted without the scope messages:bodies.", extra={_MARK: True})


def withheld(value: T) -> T:
    """The same without what is marked, however deep it lies.

    A text becomes `REDACTED`, an object one whose only member says so; what is null stays null.
    """
    return _without(value)


def _without(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        marked = _marked(type(value))
        held = {name: getattr(value, name) for name in value.__struct_fields__}
        new = {name: _redacted(each) if name in marked else _without(each) for name, each in held.items()}
        changed = {name: each for name, each in new.items() if each is not held[name]}
        return msgspec.structs.replace(value, **changed) if changed else value
    if isinstance(value, list | tuple):
        return [_without(each) for each in value]
    if isinstance(value, dict):
        return {name: _without(each) for name, each in value.items()}
    return value


def _redacted(value: Any) -> Any:
    if value is None or (isinstance(value, msgspec.Raw) and bytes(value) == b"null"):
        return None
    if isinstance(value, str):
        return REDACTED
    return msgspec.Raw(msgspec.json.encode(_MEMBER)) if isinstance(value, msgspec.Raw) else dict(_MEMBER)


@cache
def _marked(kind: type[msgspec.Struct]) -> frozenset[str]:
    found = inspect.type_info(kind)
    fields = found.fields if isinstance(found, inspect.StructType) else ()
    return frozenset(each.name for each in fields if isinstance(each.type, inspect.Metadata) and _says(each.type))


def _says(kind: inspect.Metadata) -> bool:
    return bool((kind.extra or {}).get(_MARK))
