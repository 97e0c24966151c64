"""The verbs of the queue as Python functions: one Lua script each, batched by shard, one round trip a call."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

import msgspec
from redis.asyncio import Redis, RedisCluster

from anclora.queue import keys
from anclora.queue.hints import Hints
from anclora.queue.model import CancelResult, Claim, Claimed, EnqueueResult, Item, Limits, Memory, Peek, Priority, Stats
from anclora.queue.rotation import Rotation
from anclora.queue.scripts import Scripts
from anclora.queue.server import Server
from anclora.queue.wire import by_lane, check, claimed, counted, peeked, rules_of

_ANSWERS: dict[int, EnqueueResult] = {97: "added", 112: "present", 102: "in_flight"}  # a, p, f
_CANCELED: dict[int, CancelResult] = {99: "canceled", 102: "in_flight", 109: "missing"}  # c, f, m
_CHUNK = 1_000  # items of one script call: Lua unpacks them, and its stack holds 8,000
_SWEPT, _ROUNDS = 500, 2
_decode = msgspec.msgpack.Decoder().decode


class Queue:
    """Lanes on one Redis or on a Redis Cluster.

    Args:
        redis: a client of its own connection pool.
        shards: fixed per installation.
        lease_seconds: how long a claimed item is ours without `extend`.
        namespace: first part of every key.
        test_offset: scripts whose clock a test can move.
        fully: items a lane holds in full before those behind them are packed; all processes have the same.
    """

    def __init__(
        self,
        redis: Redis | RedisCluster,
        *,
        shards: int = 16,
        lease_seconds: float,
        namespace: str = "anclora",
        test_offset: bool = False,
        fully: int = 100,
    ) -> None:
        self._server = Server(redis)
        self._shards = shards
        self._lease_ms = int(lease_seconds * 1000)
        self._namespace = keys.check_namespace(namespace)
        self._hints = Hints(self._server, namespace=namespace, shards=shards)
        self._scripts = Scripts(self._server, namespace=namespace, test_offset=test_offset, fully=fully)
        self._holder = str(uuid4())
        self._epoch = -1
        self._rotations: defaultdict[str, Rotation] = defaultdict(Rotation)
        self._emptied_ms: dict[tuple[str, int], int] = {}  # (kind, shard): when a claim of ours left nothing ready

    def shard_of(self, lane: str) -> int:
        """The shard of a lane, for ever the same."""
        return keys.shard_of(lane, self._shards)

    def set_epoch(self, epoch: int) -> None:
        """The epoch claims are made in; shards of another serve nothing."""
        self._epoch = epoch

    async def enqueue(self, lane: str, items: Sequence[Item]) -> Sequence[EnqueueResult]:
        """Add items; per item what became of it. One that is there keeps its place, due no later than asked for.

        Raises:
            InvalidError: a name of a lane, id or order key nobody can store.
            UnavailableError: Redis is away; some may be in. Asking again is harmless.
        """
        return (await self.enqueue_all({lane: items}))[lane]

    async def enqueue_all(self, lanes: Mapping[str, Sequence[Item]]) -> Mapping[str, Sequence[EnqueueResult]]:
        """The same for several lanes, in as few round trips as one takes."""
        answers: dict[str, list[EnqueueResult]] = {}
        waiting: defaultdict[int, list[tuple[str, Sequence[Item]]]] = defaultdict(list)
        for lane, items in lanes.items():
            keys.kind_of(lane)
            answers[lane] = []
            for item in items:
                check(item)
            for start in range(0, len(items), _CHUNK):
                waiting[self.shard_of(lane)].append((lane, items[start : start + _CHUNK]))
        while waiting:
            portions = {shard: _portion(pieces) for shard, pieces in waiting.items()}
            calls = {shard: [part for piece in some for part in piece] for shard, some in portions.items()}
            for shard, letters in (await self._scripts.run("enqueue", calls)).items():
                told = iter(letters)
                for lane, items in portions[shard]:
                    answers[lane].extend(_ANSWERS[letter] for letter in islice(told, len(items)))
                if not waiting[shard]:
                    del waiting[shard]
        return answers

    async def claim(self, shards: Sequence[int], limit: int, *, consumer: str, horizon_ms: int = 0) -> Claim:
        """Lease up to `limit` ready items of one kind of lane, fairly over lanes and shards, within the lanes' limits.

        Args:
            shards: those to ask.
            limit: items at most.
            consumer: kind of lane, with or without its colon, e.g. `send:`.
            horizon_ms: 0 to 250: also lease what may go within so long, each with its own moment.

        Raises:
            ProtocolError: a shard belongs to a newer version of this program.
            UnavailableError: Redis is away; what was leased comes back when its lease is over.
        """
        kind = consumer.removesuffix(":")
        rotation = self._rotations[kind]
        items: list[Claimed] = []
        closed: set[int] = set()
        timers: dict[int, int | None] = {}
        more: set[int] = set()
        now_ms = 0
        portions = rotation.first(shards, limit)
        for _ in range(_ROUNDS):
            if not portions:
                break
            calls = {s: [self._epoch, kind, n, self._lease_ms, self._holder, horizon_ms] for s, n in portions.items()}
            for shard, raw in (await self._scripts.run("claim", calls)).items():
                _protocol, shut, at_ms, next_ms, left_over, token, grants = _decode(raw)
                rotation.note(shard, more=bool(left_over))
                (more.add if left_over else more.discard)(shard)
                now_ms = max(now_ms, at_ms)
                timers[shard] = next_ms if next_ms >= 0 else None
                if shut:
                    closed.add(shard)
                for grant in grants:
                    items += claimed(grant, token, at_ms, self._emptied_ms.get((kind, shard)))
                if not left_over and not shut:
                    self._emptied_ms[kind, shard] = at_ms
            left = limit - len(items)
            portions = rotation.following(shards, timers, left) if left > 0 else {}
            portions = {shard: count for shard, count in portions.items() if count and shard not in closed}
        return Claim(items=items, now_ms=now_ms, timers=timers, more=more, closed=closed)

    async def wait(self, timeout_seconds: float, *, consumer: str = "send:") -> list[int]:
        """Wait for a hint that some shard has something for a kind of lane; [] when none came in time.

        Losing the hint costs at most the time-out.
        """
        return await self._hints.wait(timeout_seconds, consumer.removesuffix(":"))

    async def hinted(self, *, consumer: str = "send:") -> list[int]:
        """Take the hints that are there now, without waiting: the shards that have something."""
        return await self._hints.collect(consumer.removesuffix(":"))

    async def close(self) -> None:
        """End what still waits. The client stays open."""
        await self._hints.close()

    async def extend(self, claimed: Sequence[Claimed]) -> Sequence[bool]:
        """Renew leases, counted from now; per item whether it was still ours."""
        calls = {
            shard: [self._lease_ms, by_lane((c, (c.id, c.token)) for c in group)]
            for shard, group in self._by_shard(claimed).items()
        }
        kept: set[tuple[str, str, str]] = set()
        for raw in (await self._scripts.run("extend", calls)).values() if calls else ():
            flat = [str(word) for word in _decode(raw)]
            kept.update(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
        return [(c.id, c.lane, c.token) in kept for c in claimed]

    async def complete(self, claimed: Sequence[Claimed]) -> int:
        """These are done with for good; how many were still ours."""
        return await self._tell("complete", [(c, (c.id, c.token)) for c in claimed])

    async def retry(self, tried: Sequence[tuple[Claimed, int, int]]) -> int:
        """Tried in vain: (item, due epoch ms, for how many ms it keeps its place; -1 = until due, 0 = not at all)."""
        return await self._tell("retry", [(c, (c.id, c.token, due, keep)) for c, due, keep in tried])

    async def release(self, untried: Sequence[tuple[Claimed, int | None, bool]]) -> int:
        """Given back: (item, due epoch ms or None = it leaves, whether it keeps its place in the order until then)."""
        entries = [(c, (c.id, c.token, -1 if due is None else due, -1 if head else 0)) for c, due, head in untried]
        return await self._tell("release", entries)

    async def pause(self, lane: str, *, for_seconds: float | None, probe: bool = True) -> None:
        """Close a lane: for a time and then for one probe (or open), or until `resume`."""
        keys.kind_of(lane)
        for_ms = -1 if for_seconds is None else int(for_seconds * 1000)
        await self._scripts.run("pause", {self.shard_of(lane): [lane, for_ms, int(probe)]})

    async def resume(self, lane: str, *, gently: bool = False) -> None:
        """Open a lane: wholly, or with one item in flight, two after it went well, four after those, and so on."""
        await self._scripts.run("resume", {self.shard_of(lane): [lane, int(gently)]})

    async def limit(self, lane: str, limits: Limits) -> None:
        """From now on the lane keeps these limits; what it let out before counts.

        Raises:
            InvalidError: a number that is negative, or a share over 1.
        """
        keys.kind_of(lane)
        await self._scripts.run("limit", {self.shard_of(lane): [lane, rules_of(limits)]})

    async def recall(self, lane: str, memory: Memory) -> None:
        """Tell a lane that lost its memory what it let out; what it knows better stays. Set its limits before."""
        told = [
            [part for pair in memory.quarters for part in pair],
            [part for pair in memory.first_ms.items() for part in pair],
            [part for pair in memory.last_ms.items() for part in pair],
        ]
        await self._scripts.run("recall", {self.shard_of(lane): [lane, *told, memory.latest_ms]})

    async def sample(self, lane: str, cursor: int, count: int) -> tuple[int, list[str]]:
        """Some ids a lane holds, about `count`, and the cursor to go on with; 0 = that was all."""
        name = keys.items(self._namespace, self.shard_of(lane), lane)
        after, found = await self._server.ask("HSCAN", name, cursor, "COUNT", count)
        return int(after), [item_id.decode() if isinstance(item_id, bytes) else str(item_id) for item_id in found]

    async def cancel(self, lane: str, ids: Sequence[str], *, packed: bool = True) -> Sequence[CancelResult]:
        """Take items out of their lane for good, unless they are in flight; per item what became of it.

        Without `packed` those that wait far behind are not looked for, which costs a look at all that waits.
        """
        keys.kind_of(lane)
        answers: list[CancelResult] = []
        for start in range(0, len(ids), _CHUNK):
            argument = [lane, ids[start : start + _CHUNK], int(packed)]
            letters = await self._scripts.run("cancel", {self.shard_of(lane): argument})
            answers.extend(_CANCELED[letter] for letter in letters[self.shard_of(lane)])
        return answers

    async def promote(self, lane: str, ids: Sequence[str]) -> int:
        """Items held by time are due now; how many were held."""
        keys.kind_of(lane)
        moved = 0
        for start in range(0, len(ids), _CHUNK):
            answer = await self._scripts.run("promote", {self.shard_of(lane): [lane, ids[start : start + _CHUNK]]})
            moved += int(answer[self.shard_of(lane)])
        return moved

    async def sweep(self, shard: int) -> int:
        """Items whose lease ran out go back to their place; at most 500 a call, how many there were."""
        return int((await self._scripts.run("sweep", {shard: [_SWEPT]}))[shard])

    async def stats(self) -> Stats:
        """The counts of all lanes."""
        answers = await self._scripts.run("stats", {shard: [] for shard in range(self._shards)})
        lanes = {name: lane for raw in answers.values() for name, lane in counted(_decode(raw))}
        return Stats(
            waiting=sum(lane.waiting for lane in lanes.values()),
            active=sum(lane.active for lane in lanes.values()),
            delayed=sum(lane.delayed for lane in lanes.values()),
            lanes=lanes,
        )

    async def peek(self, lane: str, item_id: str, priority: int = Priority.NORMAL, place: int = 0) -> Peek:
        """What an item waits for, and what its lane would let out now; one far behind is found by its place only."""
        keys.kind_of(lane)
        shard = self.shard_of(lane)
        return peeked((await self._scripts.run("peek", {shard: [lane, item_id, priority, place]}))[shard])

    async def open_shard(self, shard: int, epoch: int) -> None:
        """From now on the shard serves claims of this epoch."""
        await self._scripts.run("open_shard", {shard: [epoch]})

    async def epoch(self, shard: int) -> int | None:
        """The epoch a shard was opened with, None = never."""
        raw = await self._server.ask("HGET", keys.meta(self._namespace, shard), "epoch")
        return None if raw is None else int(raw)

    async def run_id(self) -> str:
        """Which start of Redis this is: changes whenever its memory may have."""
        return await self._server.run_id()

    async def infos(self) -> list[Mapping[str, Any]]:
        """What each server says of itself: Redis's `INFO`."""
        return await self._server.infos()

    async def slow_entries(self) -> int | None:
        """How many commands were ever slow; None = the servers' slow logs are empty."""
        return await self._server.slow_entries()

    async def _tell(self, verb: str, entries: Sequence[tuple[Claimed, tuple[object, ...]]]) -> int:
        groups: defaultdict[int, list[tuple[Claimed, tuple[object, ...]]]] = defaultdict(list)
        for item, entry in entries:
            groups[self.shard_of(item.lane)].append((item, entry))
        if not groups:
            return 0
        answers = await self._scripts.run(verb, {shard: by_lane(group) for shard, group in groups.items()})
        return sum(int(answer) for answer in answers.values())

    def _by_shard(self, claimed: Sequence[Claimed]) -> dict[int, list[Claimed]]:
        groups: defaultdict[int, list[Claimed]] = defaultdict(list)
        for item in claimed:
            groups[self.shard_of(item.lane)].append(item)
        return groups


def _portion(pieces: list[tuple[str, Sequence[Item]]]) -> list[tuple[str, Sequence[Item]]]:
    """Take the first pieces off, as many as fit into one script call."""
    some = [pieces.pop(0)]
    while pieces and sum(len(items) for _, items in some) + len(pieces[0][1]) <= _CHUNK:
        some.append(pieces.pop(0))
    return some
