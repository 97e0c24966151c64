"""The table of what is pending and fires, and the signals that follow from its changes, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from anclora.alerts.catalogue import find
from anclora.alerts.facts import QUERIES
from anclora.alerts.rules import State
from anclora.alerts.signals import Signals
from anclora.incidents import Signal
from anclora.kit.errors import NotFoundError
from anclora.storage.database import Connection, fetch_all, fetch_one

EVALUATOR, ALERTMANAGER = "evaluator", "alertmanager"


def state_of(row: Mapping[str, Any]) -> State:
    """A row as what it means."""
    return msgspec.convert(dict(row), State)


async def read_states(conn: Connection, source: str) -> list[State]:
    """What one source says."""
    rows = await fetch_all(conn, QUERIES["read_states"])
    return [state_of(row) for row in rows if row["source"] == source]


async def keep(conn: Connection, states: Sequence[State]) -> None:
    """Write them down."""
    names = State.__struct_fields__
    for state in states:
        row = {name: getattr(state, name) for name in names}
        row |= {"labels": Jsonb(dict(state.labels)), "severity": state.severity.value}
        await conn.execute(QUERIES["keep_state"], row)


async def raise_all(conn: Connection, signals: Signals, states: Sequence[State]) -> None:
    """Say that they are so."""
    for state in states:
        await signals.raised(conn, signal_of(state))


async def drop(conn: Connection, signals: Signals, states: Sequence[State], now: datetime) -> list[State]:
    """Forget them, and say of those that fired that they are over, unless somebody else says they are not."""
    over: list[State] = []
    for state in states:
        at = {"fingerprint": state.fingerprint, "source": state.source}
        await conn.execute(QUERIES["drop_state"], at)
        elsewhere = await fetch_one(conn, QUERIES["fires_elsewhere"], **at)
        if state.firing_since is not None and not (elsewhere and elsewhere["so"]):
            await signals.cleared(conn, signal_of(state, ends_at=now))
            over.append(state)
    return over


async def read_rounds(conn: Connection) -> dict[str, datetime]:
    """When each source was last heard."""
    return {row["source"]: row["at"] for row in await fetch_all(conn, QUERIES["read_rounds"])}


async def keep_round(conn: Connection, source: str, at: datetime, unseen: Sequence[str] = ()) -> None:
    """A source was heard."""
    await conn.execute(QUERIES["keep_round"], {"source": source, "at": at, "unseen": list(unseen)})


def signal_of(state: State, *, ends_at: datetime | None = None) -> Signal:
    """What is handed on of a state."""
    try:
        dashboard = find(state.name).dashboard
    except NotFoundError:  # a rule of somebody's own
        dashboard = None
    return Signal(
        fingerprint=state.fingerprint,
        name=state.name,
        severity=state.severity,
        labels=dict(state.labels),
        summary=state.summary,
        starts_at=state.pending_since,
        ends_at=ends_at,
        source=state.source,
        dashboard=dashboard,
    )
