"""What the lanes promise, slow and plain. Moments are whole ticks; the machine maps them to the clock of Redis."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from anclora.queue import Claimed, Item

LEASE_TICKS = 2
FIRST_PLACES = 10**6  # explicit places are drawn below this
FOREVER = 10**9

State = Literal["W", "A", "H", "D"]
Draft = tuple[Item, int]  # the item, and the tick it is due at


@dataclass
class Entry:
    """An item: waiting, in flight (A), a held head that keeps its place (H), or held by time alone (D)."""

    id: str
    key: str
    priority: int
    place: int
    state: State
    due: int = 0
    timer: int = 0
    token: str = ""
    lease_ends: int = 0

    @property
    def rank(self) -> tuple[int, int, str]:
        """Its place in the order."""
        return (self.priority, self.place, self.id)


@dataclass
class Gate:
    """Closed for good (c), closed and then a probe (w), one probe may go (g), the probe is out (t)."""

    mode: Literal["c", "w", "g", "t"]
    ends: int = FOREVER
    token: str = ""


class Model:
    """Lanes in plain Python.

    Attributes:
        now: the tick.
        lanes: lane -> id -> entry.
        gates: lane -> gate, when it is not open.
    """

    def __init__(self, shard_of: Callable[[str], int]) -> None:
        self.now = 0
        self.lanes: dict[str, dict[str, Entry]] = {}
        self.gates: dict[str, Gate] = {}
        self._shard_of = shard_of
        self._highest: Counter[int] = Counter()

    def enqueue(self, lane: str, drafts: Sequence[Draft]) -> list[str]:
        """Add what is not there; what is held comes no later than asked for."""
        answers: list[str] = []
        entries = self.lanes.setdefault(lane, {})
        before = set(entries)
        for item, due in drafts:
            entry = entries.get(item.id)
            if entry is None:
                place = item.place or self._highest[self._shard_of(lane)] + 1
                self._highest[self._shard_of(lane)] = max(place, self._highest[self._shard_of(lane)])
                state: State = "D" if due > self.now else "W"
                entries[item.id] = Entry(item.id, item.order_key, item.priority, place, state, due, due)
                answers.append("added")
                continue
            answers.append("in_flight" if entry.state == "A" else "present")
            if item.id in before and entry.state in ("H", "D"):
                at = max(due, self.now)
                entry.due, entry.timer = min(entry.due, at), min(entry.timer, at)
        if not entries:
            del self.lanes[lane]
        return answers

    def ready(self, lane: str) -> list[Entry]:
        """The one item each order key puts forward, in their order, whatever the gate."""
        entries = self.lanes.get(lane, {}).values()
        busy = {entry.key for entry in entries if entry.state == "A"}
        heads: dict[tuple[str, int], Entry] = {}
        for entry in sorted((e for e in entries if e.state in ("W", "H")), key=lambda e: e.rank):
            heads.setdefault((entry.key, entry.priority), entry)
        chosen: dict[str, Entry] = {}
        for (key, _), entry in heads.items():
            if entry.state == "W" and key not in busy:
                chosen.setdefault(key, entry)
        return sorted(chosen.values(), key=lambda e: e.rank)

    def servable(self, lane: str) -> list[Entry]:
        """What a claim without a limit brings."""
        gate = self.gates.get(lane)
        if gate is None:
            return self.ready(lane)
        return self.ready(lane)[:1] if gate.mode == "g" else []

    def advance(self) -> None:
        """Move what is due."""
        for entries in self.lanes.values():
            for entry in entries.values():
                if entry.state in ("H", "D") and entry.timer <= self.now:
                    entry.state = "W" if entry.due <= self.now else "D"
                    entry.timer = entry.due
        for lane, gate in list(self.gates.items()):
            if gate.ends <= self.now:
                if gate.mode == "c":
                    del self.gates[lane]
                else:
                    self.gates[lane] = Gate("g")

    def take(self, claimed: Claimed) -> None:
        """It is in flight now."""
        entry = self.lanes[claimed.lane][claimed.id]
        entry.state, entry.token, entry.lease_ends = "A", claimed.token, self.now + LEASE_TICKS
        if claimed.probe:
            self.gates[claimed.lane] = Gate("t", self.now + LEASE_TICKS, claimed.token)

    def held(self, claimed: Claimed) -> Entry | None:
        """The entry, when it is still in flight under this token."""
        entry = self.lanes.get(claimed.lane, {}).get(claimed.id)
        return entry if entry and entry.state == "A" and entry.token == claimed.token else None

    def extend(self, claimed: Claimed) -> bool:
        """A new lease."""
        entry = self.held(claimed)
        if entry is None:
            return False
        entry.lease_ends = self.now + LEASE_TICKS
        gate = self.gates.get(claimed.lane)
        if gate and gate.mode == "t" and gate.token == claimed.token:
            gate.ends = entry.lease_ends
        return True

    def complete(self, claimed: Claimed) -> int:
        """It leaves for good."""
        if self.held(claimed) is None:
            return 0
        del self.lanes[claimed.lane][claimed.id]
        if not self.lanes[claimed.lane]:
            del self.lanes[claimed.lane]
        return 1

    def cancel(self, lane: str, ids: Sequence[str]) -> list[str]:
        """Out it goes, unless it is in flight."""
        entries = self.lanes.get(lane, {})
        answers: list[str] = []
        for item_id in ids:
            entry = entries.get(item_id)
            answers.append("missing" if entry is None else "in_flight" if entry.state == "A" else "canceled")
            if entry is not None and entry.state != "A":
                del entries[item_id]
        if not entries:
            self.lanes.pop(lane, None)
        return answers

    def promote(self, lane: str, ids: Sequence[str]) -> int:
        """What is held by time is due now."""
        held = [e for e in self.lanes.get(lane, {}).values() if e.id in ids and e.state in ("H", "D")]
        for entry in held:
            entry.state = "W"
        return len(held)

    def give_back(self, claimed: Claimed, due: int, keep: int) -> int:
        """Back it goes; `keep`: -1 = its place until due, 0 = not at all, else for so many ticks."""
        entry = self.held(claimed)
        if entry is None:
            return 0
        self._land(claimed.lane, entry, due, keep)
        return 1

    def sweep(self, shard: int) -> int:
        """Whose lease is over goes back to its place."""
        over = [
            (lane, entry)
            for lane, entries in self.lanes.items()
            for entry in entries.values()
            if self._shard_of(lane) == shard and entry.state == "A" and entry.lease_ends <= self.now
        ]
        for lane, entry in over:
            self._land(lane, entry, 0, 0)
        return len(over)

    def _land(self, lane: str, entry: Entry, due: int, keep: int) -> None:
        entry.due = entry.timer = due
        entry.state = "W" if due <= self.now else "H" if keep else "D"
        if keep > 0:
            entry.timer = min(due, self.now + keep)
        gate = self.gates.get(lane)
        if gate and gate.mode == "t" and gate.token == entry.token:
            self.gates[lane] = Gate("g")
