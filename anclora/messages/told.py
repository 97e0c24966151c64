"""Telling integrators what became of messages, in the statement that makes it so, and only while somebody subscribes.

Nobody does: the statement is the plain one, word for word, so it costs nothing. Somebody does: its `…_told` twin, which
goes on where the plain one ends. A state that was passed over (read before delivered) is not told of.
"""

from collections.abc import Mapping
from typing import LiteralString

from anclora.events import WANTED, EventType
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_TELLS: Mapping[str, tuple[EventType, ...]] = {
    "store_results": (
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_DELIVERED,
        EventType.MESSAGE_READ,
        EventType.MESSAGE_PLAYED,
        EventType.MESSAGE_FAILED,
        EventType.MESSAGE_DEAD,
    ),
    "apply_receipts": (
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_DELIVERED,
        EventType.MESSAGE_READ,
        EventType.MESSAGE_PLAYED,
        EventType.MESSAGE_FAILED,
    ),
    "intend": (EventType.MESSAGE_DEAD, EventType.MESSAGE_EXPIRED),
    "expire": (EventType.MESSAGE_EXPIRED,),
    "give_up_doubt": (EventType.MESSAGE_DEAD,),
}
_NOTHING: Mapping[str, list[str]] = {}


def telling(name: str) -> tuple[LiteralString, Mapping[str, list[str]]]:
    """The statement of this name, or its telling twin, and the parameters that one needs on top."""
    told = WANTED.among(_TELLS.get(name, ())) if WANTED.types else []
    return (QUERIES[f"{name}_told"], {"told": told}) if told else (QUERIES[name], _NOTHING)
