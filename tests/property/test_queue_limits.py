"""Whatever limits a lane has and however it is asked, it never lets out more, and lets out all in the end."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, Self, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from anclora.queue import Claim, Claimed, Item, Limits, Queue
from anclora.queue.keys import pace
from tests.queue_harness import HeldClock, assert_no_key_leaks, move_clock, open_queue

T = TypeVar("T")
LANE = "send:madrid"
MINUTE_MS, DAY_MS = 60_000, 86_400_000
bounds = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)


class Lane:
    """One lane, and a clock that is moved by hand."""

    def __init__(self, url: str, limits: Limits, *, lease_seconds: float = 1e6) -> None:
        self.runner = asyncio.Runner()
        self.redis: Any = Redis.from_url(url)
        self.limits = limits
        self.run(self.redis.flushall())
        self.queue: Queue = self.run(open_queue(self.redis, shards=1, lease_seconds=lease_seconds))
        self.run(self.queue.limit(LANE, limits))
        self.clock = HeldClock(self.redis, shards=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(assert_no_key_leaks(self.redis))
        self.run(self.redis.aclose())
        self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """One call."""
        return self.runner.run(coroutine)

    def to(self, ahead_ms: int) -> None:
        """The clock goes to a moment after the start."""
        self.run(move_clock(self.redis, ahead_ms / 1000, shards=1))

    def held_to(self, ahead_ms: int) -> None:
        """The same, and what the test itself took does not count."""
        self.run(self.clock.to(ahead_ms))

    def put(self, items: Sequence[Item]) -> None:
        """They wait."""
        self.run(self.queue.enqueue(LANE, items))

    def take(self, limit: int = 1_000, *, horizon_ms: int = 0) -> Claim:
        """What may go now."""
        return self.run(self.queue.claim([0], limit, consumer="send:", horizon_ms=horizon_ms))

    def done(self, items: Sequence[Claimed]) -> None:
        """They went well."""
        self.run(self.queue.complete(items))


def some(count: int, *, keys: int = 1_000_000, priority: int = 2, prefix: str = "m") -> list[Item]:
    """Items of so many order keys in turn."""
    return [Item(f"{prefix}{n}", f"k{n % keys}", priority) for n in range(count)]


@given(
    per_second=st.sampled_from([0.5, 3.0, 20.0]),
    burst=st.integers(1, 5),
    jitter=st.sampled_from([0.0, 0.4, 1.0]),
    asks=st.lists(
        st.tuples(st.integers(1, 900), st.integers(1, 20), st.sampled_from([0, 250])), min_size=5, max_size=25
    ),
)
@bounds
def test_no_window_holds_more_than_rate_and_burst(
    redis_url: str, per_second: float, burst: int, jitter: float, asks: list[tuple[int, int, int]]
) -> None:
    with Lane(redis_url, Limits(per_second=per_second, burst=burst, jitter=jitter)) as lane:
        lane.put(some(600))
        moments: list[int] = []
        ahead = 0
        for wait_ms, limit, horizon_ms in asks:
            ahead += wait_ms
            lane.to(ahead)
            claim = lane.take(limit, horizon_ms=horizon_ms)
            assert all(claim.now_ms <= c.go_at_ms <= claim.now_ms + horizon_ms for c in claim.items)
            moments += [c.go_at_ms for c in claim.items]
            lane.done(claim.items)
        assert moments == sorted(moments)
        interval_ms = 1000 / per_second
        for first in range(len(moments)):
            for last in range(first + 1, len(moments)):
                shortest_ms = (last - first) * interval_ms * (1 - jitter) - (burst - 1) * interval_ms
                assert moments[last] - moments[first] >= shortest_ms - 2


@given(
    per_day=st.integers(1, 12), kept=st.sampled_from([0.0, 0.2, 0.5]), hours=st.lists(st.integers(1, 20), max_size=12)
)
@bounds
def test_no_day_holds_more_than_the_cap_and_a_share_is_kept_for_replies(
    redis_url: str, per_day: int, kept: float, hours: list[int]
) -> None:
    with Lane(redis_url, Limits(per_day=per_day, kept_share=kept)) as lane:
        lane.put(some(300))
        sent: list[int] = []
        ahead = 0
        for wait in [0, *hours]:
            ahead += wait * 60 * MINUTE_MS
            lane.to(ahead)
            now_ms = 0
            for _ in range(per_day + 1):
                claim = lane.take(5)
                now_ms = claim.now_ms
                sent += [now_ms] * len(claim.items)
                lane.done(claim.items)
            window = [at for at in sent if at > now_ms - DAY_MS]
            assert len(window) <= int(per_day * (1 - kept))
        lane.to(ahead := ahead + DAY_MS + 30 * MINUTE_MS)
        assert len(lane.take().items) == int(per_day * (1 - kept))
        assert lane.take().items == []
        lane.put(some(50, priority=1, prefix="reply"))
        replies = lane.take().items
        assert len(replies) == per_day - int(per_day * (1 - kept))
        assert all(c.priority == 1 for c in replies)


@given(new=st.integers(1, 6), order=st.permutations(list(range(24))))
@bounds
def test_only_so_many_new_people_a_day_and_those_known_go_on(redis_url: str, new: int, order: list[int]) -> None:
    with Lane(redis_url, Limits(new_keys_per_day=new)) as lane:
        lane.put([Item(f"m{n}", f"k{n % 8}") for n in order])
        seen: list[Claimed] = []
        for _ in range(30):
            claim = lane.take(3)
            lane.done(claim.items)
            seen += claim.items
        first = list(dict.fromkeys(f"k{n % 8}" for n in order))[:new]
        assert Counter(c.order_key for c in seen) == dict.fromkeys(first, 3)
        days = 0
        while len(seen) < 24:
            days += 1
            assert days < 10
            lane.to(days * (DAY_MS + 16 * MINUTE_MS))
            for _ in range(30):
                claim = lane.take(3)
                lane.done(claim.items)
                seen += claim.items
        assert len({c.id for c in seen}) == 24


@given(gap=st.integers(1, 9), waits=st.lists(st.integers(1, 6), min_size=4, max_size=30), keys=st.integers(1, 3))
@bounds
def test_a_key_rests_after_each_of_its_items(redis_url: str, gap: int, waits: list[int], keys: int) -> None:
    with Lane(redis_url, Limits(gap_seconds=gap)) as lane:
        lane.put(some(20, keys=keys))
        last: dict[str, int] = {}
        went_ms: dict[str, int] = {}
        ahead = 0
        for wait in waits:
            ahead += wait
            lane.to(ahead * 1000)
            claim = lane.take()
            assert {c.order_key for c in claim.items} >= {k for k, at in last.items() if ahead - at > gap} - done(lane)
            for c in claim.items:
                assert claim.now_ms - went_ms.get(c.order_key, 0) >= gap * 1000
                last[c.order_key], went_ms[c.order_key] = ahead, claim.now_ms
            lane.done(claim.items)


def done(lane: Lane) -> set[str]:
    """Order keys of which nothing waits."""
    parked = lane.run(lane.redis.keys("*park*"))
    left = {name.decode().rpartition("|")[2] for name in parked}
    return {f"k{n}" for n in range(3)} - left


@given(st.lists(st.sampled_from(["take", "done", "back", "leave"]), min_size=10, max_size=60))
@bounds
def test_what_comes_back_untried_costs_nothing(redis_url: str, steps: list[str]) -> None:
    with Lane(redis_url, Limits(per_day=6, new_keys_per_day=6)) as lane:
        lane.put(some(40))
        held: list[Claimed] = []
        finished = 0
        for step in steps:
            if step == "take":
                got = lane.take(2).items
                assert len(got) == min(2, 6 - finished - len(held))
                held += got
            elif held and step == "done":
                lane.done([held.pop()])
                finished += 1
            elif held:
                lane.run(lane.queue.release([(held.pop(), 0 if step == "back" else None, False)]))


def test_what_leaves_untried_frees_its_slot_at_once_and_its_key(redis_url: str) -> None:
    with Lane(redis_url, Limits(per_second=0.01, gap_seconds=60)) as lane:
        lane.put(some(3, keys=1))
        for n in range(3):
            [item] = lane.take().items
            assert (item.id, lane.take().items) == (f"m{n}", [])
            lane.run(lane.queue.release([(item, None, False)]))
            assert lane.run(lane.queue.release([(item, None, False)])) == 0
        assert lane.run(lane.queue.stats()).lanes == {}
        lane.put(some(1))
        assert [c.id for c in lane.take().items] == ["m0"]


def test_a_slow_lane_holds_no_more_than_its_share_of_hands(redis_url: str) -> None:
    with Lane(redis_url, Limits(at_once=3)) as lane:
        lane.put(some(10))
        lane.run(lane.queue.enqueue("send:quick", some(10)))
        first = lane.take()
        assert Counter(c.lane for c in first.items) == {LANE: 3, "send:quick": 10}
        assert lane.take().items == []
        lane.done([c for c in first.items if c.lane == LANE][:2])
        assert len(lane.take().items) == 2


def test_limits_are_lifted_and_everything_goes(redis_url: str) -> None:
    with Lane(redis_url, Limits(per_second=0.01, new_keys_per_day=2, closed=frozenset({3}))) as lane:
        lane.put([*some(20), *(Item(f"low{n}", f"l{n}", 3) for n in range(5))])
        assert len(lane.take().items) == 1
        lane.run(lane.queue.limit(LANE, Limits(new_keys_per_day=2)))
        assert len(lane.take().items) == 1
        lane.run(lane.queue.limit(LANE, Limits()))
        assert len(lane.take().items) == 23
        assert lane.run(lane.redis.exists(pace("anclora", 0, LANE))) in (0, 1)


def test_a_closed_priority_waits_and_the_others_go(redis_url: str) -> None:
    with Lane(redis_url, Limits(closed=frozenset({1, 3}))) as lane:
        lane.put([Item(f"p{n % 4}-{n}", f"k{n}", n % 4) for n in range(12)])
        assert {c.priority for c in lane.take().items} == {0, 2}
        stats = lane.run(lane.queue.stats()).lanes[LANE]
        assert (stats.waiting, stats.delayed, stats.paused) == (0, 6, False)
        lane.run(lane.queue.limit(LANE, Limits()))
        assert {c.priority for c in lane.take().items} == {1, 3}


def test_what_is_passed_over_for_long_goes_and_no_closed_gate_is_opened_for_it(redis_url: str) -> None:
    with Lane(redis_url, Limits(closed=frozenset({3}))) as lane:
        lane.put([*some(3, priority=3, prefix="closed"), *some(3, prefix="low")])
        taken: list[Claimed] = []
        for second in range(100):
            lane.held_to(second * 1010)  # a little more, so that half a minute is over at the thirtieth
            lane.put([Item(f"high{second}-{n}", f"h{second}-{n}", 1) for n in range(2)])
            taken += lane.take(1).items
            lane.done(taken[-1:])
        passed = [place for place, c in enumerate(taken) if c.priority == 2]
        assert passed == [30, 61, 92]
        assert all(c.priority != 3 for c in taken)


def test_a_lane_that_starts_again_opens_as_it_goes_well(redis_url: str) -> None:
    with Lane(redis_url, Limits()) as lane:
        lane.put(some(500))
        lane.run(lane.queue.resume(LANE, gently=True))
        sizes: list[int] = []
        for _ in range(8):
            claim = lane.take()
            sizes.append(len(claim.items))
            assert lane.take().items == []
            lane.done(claim.items)
        assert sizes[:7] == [1, 2, 4, 8, 16, 32, 437]


def test_a_minute_at_twenty_a_second_for_two_consumers(redis_url: str) -> None:
    with Lane(redis_url, Limits(per_second=20, burst=5)) as lane:
        lane.put(some(2_000))
        moments: list[int] = []
        for ahead in range(0, 60_000, 170):  # whoever of the two comes, it is one lane
            lane.held_to(ahead)
            claim = lane.take(64, horizon_ms=250)
            moments += [c.go_at_ms for c in claim.items]
            lane.done(claim.items)
        span_ms = moments[-1] - moments[0]
        assert abs((len(moments) - 5) / span_ms * 1000 / 20 - 1) < 0.01
        by_second = Counter((at - moments[0]) // 1000 for at in moments)
        assert max(by_second.values()) <= 21 + 5


def test_a_huge_neighbour_moves_no_small_lane(redis_url: str) -> None:
    def last_turns(*, huge: int) -> dict[str, int]:
        turns: dict[str, int] = {}
        with Lane(redis_url, Limits()) as lane:
            for n in range(100):
                lane.run(lane.queue.enqueue(f"send:small{n}", some(50)))
            if huge:
                lane.run(lane.queue.enqueue("send:huge", some(huge)))
            turn = 0
            while claim := lane.take(200).items:
                turn += 1
                turns |= {c.lane: turn for c in claim}
                lane.done(claim)
        turns.pop("send:huge", None)
        return turns

    alone, beside = last_turns(huge=0), last_turns(huge=20_000)
    assert max(beside.values()) <= max(alone.values()) * 1.1
