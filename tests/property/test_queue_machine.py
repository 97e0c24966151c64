"""Whatever is done in whatever order, the lanes on a real Redis do what the plain model does."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from redis.asyncio import Redis, RedisCluster

from anclora.queue import Claimed, Item
from anclora.queue.keys import prefix
from tests.property.queue_model import FIRST_PLACES, FOREVER, Gate, Model
from tests.queue_harness import EPOCH, all_keys, assert_no_key_leaks, move_clock, open_queue

T = TypeVar("T")
TICK_MS = 1_000_000  # so long that no test's own time matters
SHARDS = 2
ALL = 100
LANES = ("send:madrid", "send:lima")
MEMORY = 24
UNPACK = """
local ids = {}
for _, pack in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local parts = { cmsgpack.unpack(pack) }
  for i = 2, #parts, 3 do
    ids[#ids + 1] = parts[i]
  end
end
return ids
"""

lanes = st.sampled_from(LANES)
ticks = st.integers(0, 3)
places = st.one_of(st.just(0), st.integers(1, FIRST_PLACES))
items = st.builds(
    Item,
    id=st.sampled_from("abcdefghijkl"),
    order_key=st.sampled_from("xy"),
    priority=st.sampled_from([2, 0, 2, 3]),
    place=places,
)
drafts = st.lists(st.tuples(items, ticks), min_size=1, max_size=6)
picks = st.lists(st.integers(0, MEMORY - 1), min_size=1, max_size=4)


def span_ms(count: int) -> int:
    """So many ticks, ending between two of them."""
    return count * TICK_MS - TICK_MS // 2


class Lanes(RuleBasedStateMachine):
    """The engine and the model side by side.

    Attributes:
        fully: items a lane holds in full.
    """

    fully = 100

    def __init__(self, client: Callable[[], Redis | RedisCluster]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis: Any = self.run(_made(client))
        self.given: list[Claimed] = []
        self.run(self.redis.flushall())
        self.queue = self.run(
            open_queue(self.redis, shards=SHARDS, lease_seconds=1.5 * TICK_MS / 1000, fully=self.fully)
        )
        self.model = Model(self.queue.shard_of)
        seconds, _ = self.run(self.redis.time())
        self.base_ms = int(seconds) * 1000

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """One call of the engine."""
        return self.runner.run(coroutine)

    def asked(self, item: Item) -> Item:
        """An item as it is enqueued."""
        return item

    def due_ms(self, tick: int) -> int:
        """The moment of a tick."""
        return self.base_ms + span_ms(tick)

    def picked(self, numbers: list[int]) -> list[Claimed]:
        """Some of what was ever given out, leased still or not."""
        return [self.given[n % len(self.given)] for n in numbers]

    @rule(lane=lanes, wanted=drafts)
    def enqueue(self, lane: str, wanted: list[tuple[Item, int]]) -> None:
        """Some are new, some are there, some are told twice."""
        due = [(self.asked(item), self.model.now + delay if delay else 0) for item, delay in wanted]
        asked = [Item(i.id, i.order_key, i.priority, self.due_ms(at) if at else 0, i.place) for i, at in due]
        answers = self.run(self.queue.enqueue(lane, asked))
        assert answers == self.model.enqueue(lane, due)

    @rule(limit=st.sampled_from([1, 2, 5, ALL, ALL]))
    def claim(self, limit: int) -> None:
        """What comes is what each lane would give first."""
        claim = self.run(self.queue.claim(range(SHARDS), limit, consumer="send:"))
        self.model.advance()
        free = {lane: [e.id for e in self.model.servable(lane)] for lane in LANES}
        probes = {lane for lane, gate in self.model.gates.items() if gate.mode == "g"}
        total = sum(map(len, free.values()))
        assert min(total, 1) <= len(claim.items) <= limit
        assert limit < ALL or len(claim.items) == total
        for lane in LANES:
            got = [item.id for item in claim.items if item.lane == lane]
            assert got == free[lane][: len(got)] or self.aged(lane, got, free[lane])
        for item in claim.items:
            assert item.probe == (item.lane in probes)
            self.model.take(item)
        assert (claim.next_due_ms is None) == (self.timers() == set())
        self.given = (claim.items + self.given)[:MEMORY]

    def aged(self, lane: str, got: list[str], free: list[str]) -> bool:
        """Whether all came first but the last, which is the first of a priority that was passed over."""
        entries = self.model.lanes[lane]
        before = [i for i in free if entries[i].priority == entries[got[-1]].priority and i not in got[:-1]]
        return got[:-1] == free[: len(got) - 1] and before[:1] == got[-1:]

    @rule(lane=lanes, ids=st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=4, unique=True))
    def cancel(self, lane: str, ids: list[str]) -> None:
        """What is not in flight leaves."""
        assert self.run(self.queue.cancel(lane, ids)) == self.model.cancel(lane, ids)

    @rule(lane=lanes, ids=st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=4, unique=True))
    def promote(self, lane: str, ids: list[str]) -> None:
        """What is held is due now."""
        assert self.run(self.queue.promote(lane, ids)) == self.model.promote(lane, ids)

    @rule()
    def lose_and_take_again(self) -> None:
        """Whoever held something is too slow; another one has it now."""
        self.tick(2)
        self.sweep()
        self.claim(ALL)

    @rule(lane=lanes, wanted=drafts)
    def probe(self, lane: str, wanted: list[tuple[Item, int]]) -> None:
        """A lane that failed lets one item out, and no second one."""
        self.pause(lane, 1, True)
        self.enqueue(lane, wanted)
        self.tick(1)
        self.claim(ALL)
        self.claim(ALL)

    @precondition(lambda self: self.given)
    @rule(keep=st.sampled_from([-1, 1]), delay=ticks)
    def hold_and_ask(self, keep: int, delay: int) -> None:
        """A head waits for three ticks in its place, and somebody asks for it sooner."""
        held = next((c for c in self.given if self.model.held(c)), None)
        if held is None:
            return
        self.run(self.queue.retry([(held, self.due_ms(self.model.now + 3), span_ms(keep) if keep > 0 else keep)]))
        self.model.give_back(held, self.model.now + 3, keep)
        again = Item(held.id, held.order_key, held.priority)
        self.enqueue(held.lane, [(again, delay)])
        for _ in range(2):
            self.tick(1)
            self.claim(ALL)

    @rule(lane=lanes, wanted=st.permutations("abc"), key=st.sampled_from("xy"), first=st.integers(1, FIRST_PLACES))
    def come_in_any_order(self, lane: str, wanted: list[str], key: str, first: int) -> None:
        """Three of one person arrive one by one, each with the place it was given before."""
        for name in wanted:
            self.enqueue(lane, [(Item(name, key, place=first + ord(name)), 0)])

    @precondition(lambda self: self.given)
    @rule(numbers=picks)
    def complete(self, numbers: list[int]) -> None:
        """A stale token changes nothing."""
        some = self.picked(numbers)
        assert self.run(self.queue.complete(some)) == sum(self.model.complete(c) for c in some)

    @precondition(lambda self: self.given)
    @rule(numbers=picks)
    def extend(self, numbers: list[int]) -> None:
        """Only a lease that is still held grows."""
        some = self.picked(numbers)
        assert self.run(self.queue.extend(some)) == [self.model.extend(c) for c in some]

    @precondition(lambda self: self.given)
    @rule(numbers=picks, delay=ticks, keep=st.sampled_from([-1, 0, 1, 2]))
    def retry(self, numbers: list[int], delay: int, keep: int) -> None:
        """It waits in its place, for as long as it may."""
        some, due = self.picked(numbers), self.model.now + delay
        keep_ms = span_ms(keep) if keep > 0 else keep
        told = self.run(self.queue.retry([(c, self.due_ms(due), keep_ms) for c in some]))
        assert told == sum(self.model.give_back(c, due, keep) for c in some)

    @precondition(lambda self: self.given)
    @rule(numbers=picks, delay=ticks, head=st.booleans())
    def release(self, numbers: list[int], delay: int, head: bool) -> None:
        """Untried, it goes back."""
        some, due = self.picked(numbers), self.model.now + delay
        told = self.run(self.queue.release([(c, self.due_ms(due), head) for c in some]))
        assert told == sum(self.model.give_back(c, due, -1 if head else 0) for c in some)

    @rule(lane=lanes, length=st.sampled_from([None, 1, 2]), probe=st.booleans())
    def pause(self, lane: str, length: int | None, probe: bool) -> None:
        """For a time, then one probe or all; or until it is resumed."""
        seconds = None if length is None else span_ms(length) / 1000
        self.run(self.queue.pause(lane, for_seconds=seconds, probe=probe))
        ends, now = FOREVER if length is None else self.model.now + length, self.model.gates.get(lane)
        if length is None or now is None or now.mode not in "cw" or now.ends <= ends:  # else the longer rest wins
            self.model.gates[lane] = Gate("w" if length and probe else "c", ends)

    @rule(lane=lanes)
    def resume(self, lane: str) -> None:
        """Open at once."""
        self.run(self.queue.resume(lane))
        self.model.gates.pop(lane, None)

    @rule(count=st.integers(1, 2))
    def tick(self, count: int) -> None:
        """Time passes."""
        self.model.now += count
        self.run(move_clock(self.redis, self.model.now * TICK_MS / 1000, shards=SHARDS))

    @rule()
    def sweep(self) -> None:
        """What was leased too long comes back."""
        for shard in range(SHARDS):
            assert self.run(self.queue.sweep(shard)) == self.model.sweep(shard)

    @rule()
    def stats(self) -> None:
        """The counts are the model's."""
        stats = self.run(self.queue.stats())
        self.model.advance()
        assert set(stats.lanes) == set(self.model.lanes) | set(self.model.gates)
        for lane, counts in stats.lanes.items():
            entries = self.model.lanes.get(lane, {})
            active = sum(entry.state == "A" for entry in entries.values())
            waiting = 0 if lane in self.model.gates else len(self.model.ready(lane))
            assert (counts.active, counts.paused) == (active, lane in self.model.gates)
            assert counts.waiting + counts.delayed == len(entries) - active
            assert counts.waiting == waiting or self.fully < ALL  # what is packed counts as waiting, whatever its key

    @rule()
    def of_another_epoch(self) -> None:
        """Whoever lives in another epoch gets nothing."""
        self.queue.set_epoch(EPOCH + 1)
        claim = self.run(self.queue.claim(range(SHARDS), ALL, consumer="send:"))
        self.queue.set_epoch(EPOCH)
        assert (claim.items, claim.closed) == ([], set(range(SHARDS)))

    @invariant()
    def every_item_is_in_one_place(self) -> None:
        """What Redis holds is what the model holds, and nothing twice."""
        states, ready, parked, tail = self.run(self.look())
        entries = {(lane, e.id): e.state for lane in LANES for e in self.model.lanes.get(lane, {}).values()}
        assert states == entries
        if not tail:
            assert sorted(ready) == sorted((lane, e.id) for lane in LANES for e in self.model.ready(lane))
        assert sorted([*ready, *parked, *tail]) == sorted(place for place, state in entries.items() if state in "WH")

    async def look(self) -> tuple[dict[tuple[str, str], str], *tuple[list[tuple[str, str]], ...]]:
        """States by (lane, id); what stands ready, what is parked, what is packed."""
        states: dict[tuple[str, str], str] = {}
        ready: list[tuple[str, str]] = []
        parked: list[tuple[str, str]] = []
        tail: list[tuple[str, str]] = []
        timers: set[str] = set()
        leases: set[str] = set()
        for name in await all_keys(self.redis):
            kind, _, lane = name.removeprefix(prefix("anclora", int(name[10:12]))).partition(":")
            if kind == "items":
                states |= {(lane, i): r[:1] for i, r in (await self.redis.hgetall(name)).items()}
            elif kind in ("ready", "park"):
                ids = await self.redis.zrange(name, 0, -1)
                (ready if kind == "ready" else parked).extend((lane.partition("|")[0], i) for i in ids)
            elif kind == "tail":
                tail += [(lane, i) for i in await self.redis.eval(UNPACK, 1, name)]
            elif kind in ("timers", "leases"):
                members = set(await self.redis.zrange(name, 0, -1))
                (timers if kind == "timers" else leases).update(members)
        assert timers == self.timers()
        assert leases == {f"{i}|{lane}" for (lane, i), state in states.items() if state == "A"}
        return states | dict.fromkeys(tail, "W"), ready, parked, tail

    def timers(self) -> set[str]:
        """Everything that waits for its time."""
        held = {f"{e.id}|{lane}" for lane, es in self.model.lanes.items() for e in es.values() if e.state in "HD"}
        return held | {f"|{lane}" for lane, gate in self.model.gates.items() if gate.ends < FOREVER}

    def teardown(self) -> None:
        """Drained, nothing is left of any lane."""
        try:
            for lane in LANES:
                self.resume(lane)
            self.tick(10)
            self.sweep()
            for _ in range(len(LANES) * 12):
                self.claim(ALL)
                self.run(self.queue.complete(self.given))
                for claimed in self.given:
                    self.model.complete(claimed)
            assert self.model.lanes == {}
            self.run(assert_no_key_leaks(self.redis, drained=True))
        finally:
            self.run(self.redis.aclose())
            self.runner.close()


class Packed(Lanes):
    """Lanes that pack whatever stands behind the first item. There an item has one place and one priority for ever."""

    fully = 1

    def asked(self, item: Item) -> Item:
        """The same place each time; two of them go without."""
        number = "ibjgaclkdfeh".index(item.id)
        return Item(item.id, item.order_key, 2 + number % 2, item.due_at_ms, 1000 * number)


async def _made(client: Callable[[], Redis | RedisCluster]) -> Redis | RedisCluster:
    return client()


def run_machine(
    client: Callable[[], Redis | RedisCluster], *, examples: int, steps: int, machine: type[Lanes] = Lanes
) -> None:
    """Many random lives of two lanes."""
    bounds = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        print_blob=True,
    )
    make = functools.partial(machine, client)
    run_state_machine_as_test(make, settings=bounds)  # pyright: ignore[reportArgumentType] - any maker will do


@pytest.mark.timeout(180)
def test_the_lanes_do_what_the_model_does(redis_url: str) -> None:
    run_machine(lambda: Redis.from_url(redis_url, decode_responses=True), examples=100, steps=50)


@pytest.mark.timeout(180)
def test_packed_lanes_do_it_too(redis_url: str) -> None:
    run_machine(lambda: Redis.from_url(redis_url, decode_responses=True), examples=50, steps=50, machine=Packed)
