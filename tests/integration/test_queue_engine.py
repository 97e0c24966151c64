"""The lanes on a real Redis: what two consumers, a big neighbour, a restart or a newer program do to them."""

import asyncio

import pytest
from redis.asyncio import Redis

from anclora.kit.errors import InvalidError
from anclora.queue import Item, Limits, Queue
from anclora.queue.errors import ProtocolError
from anclora.queue.keys import PROTOCOL, meta, wake
from tests.queue_harness import assert_no_key_leaks, move_clock, open_queue, stray_keys

LANE = "send:madrid"
SEND = "send:"


def some(count: int, *, prefix: str = "m", key: str = "", priority: int = 2) -> list[Item]:
    """Items of as many order keys, or of one."""
    return [Item(f"{prefix}{n}", key or f"{prefix}{n}", priority) for n in range(count)]


async def take(queue: Queue, limit: int = 100, shards: int = 2) -> list[str]:
    """Ids as they are given out."""
    return [item.id for item in (await queue.claim(range(shards), limit, consumer=SEND)).items]


async def test_two_consumers_never_get_the_same_item(redis: Redis) -> None:
    one, two = await open_queue(redis), await open_queue(redis)
    await one.enqueue(LANE, some(500))
    rounds = await asyncio.gather(*(take(queue, 25) for queue in (one, two) * 15))
    given = [item_id for ids in rounds for item_id in ids]
    assert sorted(given) == sorted(f"m{n}" for n in range(500))


async def test_a_big_neighbour_leaves_room_in_every_claim(redis: Redis) -> None:
    queue = await open_queue(redis, shards=1)
    await queue.enqueue("send:big", some(5_000))
    await queue.enqueue("send:small", some(10, prefix="s"))
    first = await take(queue, 100, shards=1)
    assert len(first) == 100
    assert {f"s{n}" for n in range(10)} <= set(first)


async def test_a_claim_costs_the_same_with_much_and_with_little_waiting(redis: Redis) -> None:
    queue = await open_queue(redis, shards=1)

    async def commands() -> int:
        await redis.config_resetstat()
        claim = await queue.claim([0], 10, consumer=SEND)
        await queue.complete(claim.items)
        return sum(int(row["calls"]) for row in (await redis.info("commandstats")).values())

    await queue.enqueue(LANE, some(500))
    await commands()  # the scripts are known from here on
    with_little = await commands()
    await queue.enqueue(LANE, some(20_000, prefix="n"))
    assert await commands() == with_little


async def test_the_hint_is_one_token_and_wakes_who_waits(redis: Redis) -> None:
    queue = await open_queue(redis, shards=1)
    waiting = asyncio.create_task(queue.wait(30))
    for n in range(5):
        await queue.enqueue(f"send:n{n}", some(3))
    assert await waiting == [0]
    await queue.enqueue(LANE, some(1))
    assert await redis.llen(wake("anclora", 0, "send")) == 1  # type: ignore[misc]


async def test_scripts_a_server_forgot_are_given_again(redis: Redis) -> None:
    queue = await open_queue(redis)
    await redis.script_flush()
    assert await queue.enqueue(LANE, some(2)) == ["added", "added"]
    await redis.script_flush()
    assert await take(queue) == ["m0", "m1"]


async def test_a_newer_layout_stops_an_older_program_and_nothing_is_written(redis: Redis) -> None:
    queue = await open_queue(redis, shards=1)
    await redis.hset(meta("anclora", 0), "protocol", str(PROTOCOL + 1))  # type: ignore[misc]
    with pytest.raises(ProtocolError, match="must be updated"):
        await queue.claim([0], 1, consumer=SEND)
    with pytest.raises(ProtocolError):
        await queue.enqueue(LANE, some(1))
    assert await redis.keys("*items*") == []


async def test_a_sweep_is_bounded_and_the_next_one_goes_on(redis: Redis) -> None:
    queue = await open_queue(redis, shards=1)
    await queue.enqueue(LANE, some(600))
    assert len(await take(queue, 600, shards=1)) == 600
    await move_clock(redis, 31, shards=1)
    assert [await queue.sweep(0), await queue.sweep(0), await queue.sweep(0)] == [500, 100, 0]
    assert len(await take(queue, 600, shards=1)) == 600


async def test_a_place_counts_whenever_the_item_comes(redis: Redis) -> None:
    queue = await open_queue(redis)
    for name, place in (("third", 30), ("first", 10), ("second", 20)):
        await queue.enqueue(LANE, [Item(name, "ana", place=place)])
    order: list[str] = []
    for _ in range(3):
        claim = await queue.claim(range(2), 5, consumer=SEND)
        order += [item.id for item in claim.items]
        await queue.complete(claim.items)
    assert order == ["first", "second", "third"]


async def test_a_reply_goes_before_fifty_thousand_others_and_before_its_own_contacts(redis: Redis) -> None:
    queue = await open_queue(redis)
    await queue.enqueue(LANE, some(50_000))
    await queue.enqueue(LANE, [Item("reply", "m49000", 1)])
    assert await take(queue, 2) == ["reply", "m0"]


async def test_a_lease_of_before_is_told_apart_from_the_one_now(redis: Redis) -> None:
    queue = await open_queue(redis)
    await queue.enqueue(LANE, some(1))
    before = (await queue.claim(range(2), 1, consumer=SEND)).items
    await move_clock(redis, 31)
    await queue.sweep(queue.shard_of(LANE))
    now = (await queue.claim(range(2), 1, consumer=SEND)).items
    assert await queue.extend([*before, *now]) == [False, True]
    assert (await queue.complete(before), await queue.complete(now)) == (0, 1)


async def test_what_holds_its_place_for_a_while_comes_sooner_when_asked(redis: Redis) -> None:
    """It blocks for 10 s of its 100; asked for in 50 s, it comes in 50 s."""
    queue = await open_queue(redis)
    await queue.enqueue(LANE, some(1))
    claim = await queue.claim(range(2), 1, consumer=SEND)
    await queue.retry([(claim.items[0], claim.now_ms + 100_000, 10_000)])
    await queue.enqueue(LANE, [Item("m0", "m0", due_at_ms=claim.now_ms + 50_000)])
    await move_clock(redis, 20)
    assert await take(queue) == []
    await move_clock(redis, 60)
    assert await take(queue) == ["m0"]


async def test_a_drained_lane_leaves_nothing_behind(redis: Redis) -> None:
    queue = await open_queue(redis)
    await queue.enqueue(LANE, some(300, key="ana") + some(300, prefix="n"))
    while (claim := await queue.claim(range(2), 200, consumer=SEND)).items:
        await queue.complete(claim.items)
    await assert_no_key_leaks(redis, drained=True)


async def test_the_look_for_leaks_sees_one(redis: Redis) -> None:
    await redis.set("anclora:{s00}:stray", 1)
    await redis.set("anclora:{s00}:short", 1, ex=60)
    assert await stray_keys(redis) == ["anclora:{s00}:stray"]
    await redis.delete("anclora:{s00}:stray")


@pytest.mark.parametrize(
    ("lane", "item"),
    [
        ("madrid", Item("a", "k")),
        ("send:two words", Item("a", "k")),
        (LANE, Item("a|b", "k")),
        (LANE, Item("", "k")),
        (LANE, Item("a", "")),
        (LANE, Item("a", "k", place=10**15)),
    ],
)
async def test_a_name_nobody_can_store_is_refused_at_the_door(redis: Redis, lane: str, item: Item) -> None:
    queue = await open_queue(redis)
    with pytest.raises(InvalidError):
        await queue.enqueue(lane, [Item("good", "k"), item])
    assert await redis.keys("*items*") == []


async def test_a_peek_tells_what_an_item_waits_for(redis: Redis) -> None:
    queue = await open_queue(redis)

    async def places(*ids: str) -> list[str]:
        return [(await queue.peek(LANE, item_id)).place for item_id in ids]

    await queue.enqueue(LANE, [*some(2, key="k"), Item("late", "z", due_at_ms=4_000_000_000_000), *some(3, prefix="n")])
    assert await places("m0", "m1", "late", "nobody") == ["ready", "parked", "held", "missing"]
    assert (await queue.peek(LANE, "m1")).ahead == "m0"
    assert (await queue.peek(LANE, "late")).due_ms == 4_000_000_000_000
    assert ((await queue.peek(LANE, "n2")).before, (await queue.peek(LANE, "n2")).hands) == (3, -1)
    await queue.limit(LANE, Limits(per_second=0.01, burst=1, gap_seconds=60, per_day=2, new_keys_per_day=1))
    [taken] = (await queue.claim(range(2), 10, consumer=SEND)).items
    assert await places("m0") == ["active"]
    waits = await queue.peek(LANE, "n2")
    assert (waits.hands, waits.sends, waits.news, waits.interval_ms) == (0, 1, 0, 100_000)
    assert waits.slot_at_ms - waits.now_ms == pytest.approx(100_000, abs=5_000)
    assert waits.news_at_ms - waits.now_ms == pytest.approx(86_400_000, abs=5_000)
    assert -5_000 < waits.sends_at_ms - waits.now_ms - 86_400_000 <= 900_000  # when its quarter of an hour ends
    await queue.complete([taken])
    rests = await queue.peek(LANE, "m1")
    assert (rests.place, rests.ahead) == ("parked", "")
    assert rests.rest_until_ms - rests.now_ms == pytest.approx(60_000, abs=5_000)
    await move_clock(redis, 100)
    await queue.limit(LANE, Limits(new_keys_per_day=1))
    assert await take(queue) == ["m1"]
    assert await places("n2") == ["fresh"]
    await queue.limit(LANE, Limits(closed=frozenset({2})))
    assert (await queue.peek(LANE, "n2")).closed
    await queue.pause(LANE, for_seconds=50)
    paused = await queue.peek(LANE, "n2")
    assert (paused.gate, paused.gate_until_ms - paused.now_ms) == ("w", pytest.approx(50_000, abs=5_000))


async def test_of_two_rests_the_longer_one_wins_whichever_comes_last(redis: Redis) -> None:
    queue = await open_queue(redis)
    await queue.enqueue(LANE, some(2))

    async def rests_for() -> float:
        peek = await queue.peek(LANE, "m0")
        return (peek.gate_until_ms - peek.now_ms) / 1000 if peek.gate_until_ms else -1.0

    for seconds, then in ((50, 50), (10, 50), (0, 50), (80, 80)):
        await queue.pause(LANE, for_seconds=seconds)
        assert await rests_for() == pytest.approx(then, abs=5)
    await queue.pause(LANE, for_seconds=None)
    await queue.pause(LANE, for_seconds=90)
    assert (await rests_for(), await take(queue)) == (-1.0, [])
    await queue.resume(LANE)
    await queue.pause(LANE, for_seconds=5)
    assert await rests_for() == pytest.approx(5, abs=5)
    await move_clock(redis, 6)
    assert len(await take(queue)) == 1  # the probe
    await queue.pause(LANE, for_seconds=20)  # which failed
    assert await rests_for() == pytest.approx(20, abs=5)


async def test_what_a_limit_keeps_back_is_delayed_and_what_it_lets_out_waits(redis: Redis) -> None:
    queue = await open_queue(redis)
    await queue.enqueue(LANE, some(20))

    async def counts() -> tuple[int, int]:
        lane = (await queue.stats()).lanes[LANE]
        return lane.waiting, lane.delayed

    assert await counts() == (20, 0)
    await queue.limit(LANE, Limits(per_second=0.1, burst=5))
    assert await counts() == (5, 15)
    await queue.limit(LANE, Limits(at_once=3, per_day=10))
    assert await counts() == (3, 17)
    taken = (await queue.claim(range(2), 2, consumer=SEND)).items
    assert (await counts(), (await queue.stats()).lanes[LANE].sent_24h) == ((1, 17), 2)
    await queue.complete(taken)
    await queue.limit(LANE, Limits(closed=frozenset(range(4))))
    assert await counts() == (0, 18)
    await queue.cancel(LANE, [f"m{n}" for n in range(20)])
    assert (await queue.stats()).lanes[LANE].closed == frozenset(range(4))


async def test_a_peek_finds_what_is_packed_by_its_place(redis: Redis) -> None:
    queue = await open_queue(redis)
    await queue.enqueue(LANE, [Item(f"m{n}", f"k{n}", place=n) for n in range(1, 501)])
    far = await queue.peek(LANE, "m400", 2, 400)
    assert (far.place, far.before) == ("ready", pytest.approx(399, abs=60))
    assert (await queue.peek(LANE, "m400", 2, 150)).place == "missing"


async def test_the_hints_that_are_there_are_taken_without_waiting(redis: Redis) -> None:
    queue = Queue(redis, lease_seconds=30)
    for name in ("a", "b", "c"):
        await queue.enqueue(f"send:{name}", [Item(name, name)])
    told = {queue.shard_of(f"send:{name}") for name in ("a", "b", "c")}
    assert set(await queue.hinted()) == told
    assert await queue.hinted() == []
    assert await queue.hinted(consumer="turn:") == []
