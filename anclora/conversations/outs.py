"""What we said, as the ledger knows it: messages that went out, and what was typed on our phones."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from anclora.conversations.model import Pair
from anclora.conversations.rules import GESTURES
from anclora.kit.ids import first_id_at
from anclora.storage.database import Connection, fetch_all
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_MILLISECOND = timedelta(milliseconds=1)


class Span(NamedTuple):
    """A span of time on a pair; from when on, and up to when."""

    pair: Pair
    since: datetime
    until: datetime


class Answer(NamedTuple):
    """Something we said: when, how (`api` or `phone`) and which it was."""

    at: datetime
    via: str
    id: UUID


async def last_outs(conn: Connection, spans: Sequence[Span]) -> list[datetime | None]:
    """When we said something last in each span, after its first moment."""
    found: list[datetime | None] = [None] * len(spans)
    if spans:
        for row in await fetch_all(conn, QUERIES["last_outs"], **_columns(spans)):
            found[row["place"] - 1] = row["at"]
    return found


async def first_outs(conn: Connection, spans: Sequence[Span]) -> list[Answer | None]:
    """What we said first in each span, its first moment included."""
    found: list[Answer | None] = [None] * len(spans)
    if spans:
        for row in await fetch_all(conn, QUERIES["first_outs"], **_columns(spans)):
            found[row["place"] - 1] = Answer(row["at"], row["via"], row["id"])
    return found


def _columns(spans: Sequence[Span]) -> dict[str, Any]:
    return {
        "instances": [span.pair.instance for span in spans],
        "contact_ids": [span.pair.contact_id for span in spans],
        "sinces": [span.since for span in spans],
        "untils": [span.until for span in spans],
        # What was heard is found by its id, which begins with the moment it was said.
        "lows": [first_id_at(span.since) for span in spans],
        "highs": [first_id_at(span.until + _MILLISECOND) for span in spans],
        "gestures": list(GESTURES),
    }
