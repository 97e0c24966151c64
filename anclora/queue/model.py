"""The nouns of the queue. Moments are epoch milliseconds by the clock of the Redis server."""

from enum import IntEnum
from typing import Literal

import msgspec

EnqueueResult = Literal["added", "present", "in_flight"]
CancelResult = Literal["canceled", "in_flight", "missing"]


class Priority(IntEnum):
    """Smaller goes first, always."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


class Item(msgspec.Struct, frozen=True, array_like=True):
    """What a lane holds.

    Attributes:
        id: 1 to 64 characters without `|`; an id is in its lane at most once.
        order_key: items of one key go one after the other; 1 to 256 characters.
        priority: 0 critical, 1 high, 2 normal, 3 low.
        due_at_ms: not before this moment, epoch milliseconds; 0 = now. Until then it takes part in no order.
        place: where it stands among its priority, 1 to 10^15 - 1, whenever it comes, the same each time; 0 = behind
            all that came before. Where much waits, one without a place is looked for in all of it.
    """

    id: str
    order_key: str
    priority: int = Priority.NORMAL
    due_at_ms: int = 0
    place: int = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a lane lets items out, and how many: the gates of a lane. The default limits nothing.

    Attributes:
        per_second: items a second, smoothed (GCRA); 0 = no limit.
        burst: items that may go at once after a silence.
        jitter: 0 to 1: each interval is longer or shorter by up to this share; the mean stays.
        at_once: items in flight; what a slow provider can take of the consumers' hands. 0 = no limit.
        gap_seconds: rest of an order key after each of its items.
        per_day: items in any 24 hours; 0 = no limit.
        new_keys_per_day: different order keys in any 24 hours; 0 = no limit.
        kept_share: 0 to 1: of both daily limits, what only the priorities critical and high may use.
        closed: priorities that wait until they are opened again.
    """

    per_second: float = 0.0
    burst: int = 1
    jitter: float = 0.0
    at_once: int = 0
    gap_seconds: float = 0.0
    per_day: int = 0
    new_keys_per_day: int = 0
    kept_share: float = 0.0
    closed: frozenset[int] = frozenset()


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane let out in the last day, as somebody else remembers it.

    Attributes:
        quarters: (quarter of an hour since the epoch, items).
        first_ms: order key -> its first item of the day.
        last_ms: order key -> its last item.
        latest_ms: the last item of all, 0 = none.
    """

    quarters: list[tuple[int, int]] = []
    first_ms: dict[str, int] = {}
    last_ms: dict[str, int] = {}
    latest_ms: int = 0


class Claimed(msgspec.Struct, frozen=True):
    """An item in flight, leased to a consumer.

    Attributes:
        go_at_ms: not before this moment, epoch ms; 0 = at once.
        token: proves the lease; any verb with another token changes nothing.
        probe: the one item a paused lane lets out to see whether it works again; say `resume` or `pause` after it.
        waited_ms: for how long it can have been ready at most, since nothing was left of its shard before; negative =
            so long until it may go; None = not known. What order, a limit or a pause held back has not waited.
    """

    id: str
    lane: str
    token: str
    probe: bool
    order_key: str
    priority: int
    go_at_ms: int = 0
    waited_ms: int | None = None


class Claim(msgspec.Struct, frozen=True):
    """What one call of `claim` brought.

    Attributes:
        items: at most as many as asked for.
        now_ms: the clock of Redis, epoch milliseconds.
        timers: the shards asked, and when the next timer of each ends (epoch ms, may have passed), None = no timer.
        more: shards that have ready items left.
        closed: shards that lack the current epoch and serve nothing until `open_shard`.
    """

    items: list[Claimed]
    now_ms: int
    timers: dict[int, int | None]
    more: set[int]
    closed: set[int]

    @property
    def next_due_ms(self) -> int | None:
        """When the next timer of all shards asked ends; None = no timer."""
        return min((timer for timer in self.timers.values() if timer is not None), default=None)


class LaneStats(msgspec.Struct, frozen=True):
    """The counts of one lane.

    Attributes:
        waiting: due and eligible, lacking only a free worker.
        active: in flight.
        delayed: held back by time, by order, by a limit or by the gate.
        paused: the gate is closed, or lets out one probe at a time.
        closed: priorities its limits keep back.
        sent_24h: let out in 24 hours, None = there is no cap that counts them.
    """

    waiting: int
    active: int
    delayed: int
    paused: bool
    closed: frozenset[int] = frozenset()
    sent_24h: int | None = None


class Stats(msgspec.Struct, frozen=True):
    """The counts of all lanes, and of each lane that has items, a gate or closed priorities."""

    waiting: int
    active: int
    delayed: int
    lanes: dict[str, LaneStats]


class Peek(msgspec.Struct, frozen=True, array_like=True):
    """What an item waits for, and what its lane would let out now. Moments are epoch ms, 0 = none or unknown.

    Attributes:
        now_ms: the clock of Redis.
        place: parked = behind another item of its order key; fresh = until there is room for a new order key.
        due_ms: of a held item.
        before: items that stand before it, where it is ready or fresh; else -1.
        ahead: the item its order key puts forward; may be itself, or empty.
        rest_until_ms: until then nothing of its order key goes.
        gate: c closed, w closed and then a probe, g a probe may go, t it is out, s with a number: starting gently.
        gate_until_ms: when the gate takes its next mode.
        closed: its priority is kept back.
        sends: items of its priority the daily cap has room for, -1 = no cap.
        sends_at_ms: when that next grows, an estimate.
        news: new order keys there is room for, -1 = no cap, or its own is known.
        news_at_ms: when that next grows, an estimate.
        slot_at_ms: next slot of the rate.
        interval_ms: of the rate; 0 = no rate.
        hands: items the lane would let out at once now, -1 = any number.
    """

    now_ms: int
    place: Literal["missing", "active", "ready", "fresh", "parked", "held"]
    due_ms: int
    before: int
    ahead: str
    rest_until_ms: int
    gate: str
    gate_until_ms: int
    closed: bool
    sends: int
    sends_at_ms: int
    news: int
    news_at_ms: int
    slot_at_ms: int
    interval_ms: float
    hands: int
