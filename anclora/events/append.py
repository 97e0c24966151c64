"""Appending what happened, inside the transaction that makes it so."""

from collections.abc import Sequence

import msgspec

from anclora.events.model import Happened
from anclora.storage.database import Connection, Statement
from anclora.storage.queries import load_queries

QUERIES = load_queries(__package__ or __name__)
_encode = msgspec.json.Encoder().encode


def appending(events: Sequence[Happened]) -> Statement:
    """The statement that appends these, for `Database.commit_each`."""
    return QUERIES["append_events"], {"events": _encode(events).decode()}


async def append(conn: Connection, events: Sequence[Happened]) -> None:
    """Append these inside the caller's transaction; none costs nothing."""
    if events:
        await conn.execute(*appending(events))
