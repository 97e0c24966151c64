"""Lanes: named queues of ids that decide in Redis who may go next. The ledger decides; a lane only proposes.

An item is in exactly one place; a claim carries a lease and a token, and a stale token changes nothing; within a lane
the priorities go critical, high, normal, low; per order key items go one after the other, first in, first out; lanes of
a shard are served in turn. Everything here can be rebuilt from the ledger.
"""

from anclora.queue.engine import Queue
from anclora.queue.errors import ProtocolError
from anclora.queue.model import (
    CancelResult,
    Claim,
    Claimed,
    EnqueueResult,
    Item,
    LaneStats,
    Limits,
    Memory,
    Peek,
    Priority,
    Stats,
)
from anclora.queue.watch import Watch

__all__ = [
    "CancelResult",
    "Claim",
    "Claimed",
    "EnqueueResult",
    "Item",
    "LaneStats",
    "Limits",
    "Memory",
    "Peek",
    "Priority",
    "ProtocolError",
    "Queue",
    "Stats",
    "Watch",
]
