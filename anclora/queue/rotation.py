"""Which shards one `claim` asks, and for how much: the busy ones first, every one in its turn.

A call first asks a few shards that had more last time and looks at one of the others; only when that does not fill the
caller's limit are all asked. So a busy queue costs few commands, and no shard waits longer than one round of calls.
"""

from collections.abc import Collection, Sequence

BUSY_AT_ONCE = 4


class Rotation:
    """What is remembered between calls for one kind of lane. All of it is a hint; forgetting it costs a round trip."""

    def __init__(self) -> None:
        self._busy: set[int] = set()
        self._turn = 0

    def note(self, shard: int, *, more: bool) -> None:
        """Remember whether a shard has ready items left."""
        if more:
            self._busy.add(shard)
        else:
            self._busy.discard(shard)

    def first(self, shards: Sequence[int], limit: int) -> dict[int, int]:
        """Shard -> items to ask for, 0 = only look; the first round of a call."""
        self._turn += 1
        busy = _turned([shard for shard in shards if shard in self._busy], self._turn * BUSY_AT_ONCE)[:BUSY_AT_ONCE]
        if not busy:
            return split(_turned(shards, self._turn), limit)
        others = _turned([shard for shard in shards if shard not in self._busy], self._turn)[:1]
        return split(busy, limit) | dict.fromkeys(others, 0)

    def following(self, shards: Sequence[int], asked: Collection[int], left: int) -> dict[int, int]:
        """The next round: whoever was not asked yet, and whoever has more."""
        return split([shard for shard in shards if shard not in asked or shard in self._busy], left)


def split(shards: Sequence[int], limit: int) -> dict[int, int]:
    """An even share for each; the first ones get the remainder."""
    if not shards:
        return {}
    share, rest = divmod(limit, len(shards))
    return {shard: share + (place < rest) for place, shard in enumerate(shards)}


def _turned(shards: Sequence[int], turn: int) -> list[int]:
    start = turn % len(shards) if shards else 0
    return [*shards[start:], *shards[:start]]
