"""Drain: nothing new is claimed anywhere, and what is in flight ends. Here: how far that is."""

import msgspec

from anclora.messages.feed import LANE_PREFIX, lane_of
from anclora.messages.gates import EVERYTHING, read_gates
from anclora.messages.overview import QUERIES
from anclora.queue import Priority, Stats
from anclora.storage.database import Database


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """How far the queue is from standing still.

    Attributes:
        drained: nothing is claimed and nothing is in flight.
        stopped: everything is paused; without it the queue goes on.
        open_lanes: numbers whose lane has not heard of the stop yet.
        sending: messages in the hands of a worker.
        in_flight: items that lanes gave out.
    """

    drained: bool
    stopped: bool
    open_lanes: list[str]
    sending: int
    in_flight: int


async def drain_of(db: Database, stats: Stats, names: tuple[str, ...]) -> Drain:
    """Ask ledger and lanes (`stats`) of these numbers."""
    stopped = any(gate.what == EVERYTHING for gate in await read_gates(db))
    row = await db.fetch_one(QUERIES["count_sending"])
    sending = int(row["n"]) if row else 0
    closed = {lane for lane, its in stats.lanes.items() if its.closed == frozenset(Priority)}
    open_lanes = [name for name in names if lane_of(name) not in closed]
    in_flight = sum(its.active for lane, its in stats.lanes.items() if lane.startswith(LANE_PREFIX))
    return Drain(
        drained=stopped and not (open_lanes or sending or in_flight),
        stopped=stopped,
        open_lanes=open_lanes,
        sending=sending,
        in_flight=in_flight,
    )
