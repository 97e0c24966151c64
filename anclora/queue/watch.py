"""Which shards are worth a claim: those that had more, those a hint came from, and those whose next moment is here.

A claim costs every shard it asks a script, and in ordinary traffic few of them have anything. Once a second all are
asked, so that a lost hint costs no more than that.
"""

from collections.abc import Iterable

from anclora.queue.model import Claim

EVERYTHING_SECONDS = 1.0


class Watch:
    """What one consumer knows of the shards. All of it is a hint.

    Args:
        shards: how many there are.
    """

    def __init__(self, shards: int) -> None:
        self._all = range(shards)
        self._wanted: set[int] = set()
        self._due_at_seconds: dict[int, float] = {}
        self._all_asked_at_seconds: float | None = None
        self._turn = 0

    def shards(self, now_seconds: float) -> list[int]:
        """Those to ask now, beginning with another one each time; `now_seconds` = any clock that only goes forward."""
        last = self._all_asked_at_seconds
        if last is None or now_seconds - last >= EVERYTHING_SECONDS:
            some = [*self._all]
        else:
            due = {shard for shard, at in self._due_at_seconds.items() if at <= now_seconds}
            some = sorted(self._wanted | due)
        self._turn += 1
        start = self._turn % len(some) if some else 0
        return [*some[start:], *some[:start]]

    def heard(self, shards: Iterable[int]) -> None:
        """These have something."""
        self._wanted.update(shards)

    def note(self, claim: Claim, now_seconds: float) -> None:
        """What a claim told of the shards it asked."""
        if len(claim.timers) == len(self._all):
            self._all_asked_at_seconds = now_seconds
        for shard, timer_ms in claim.timers.items():
            self._wanted.discard(shard)
            self._due_at_seconds.pop(shard, None)
            if timer_ms is not None:
                self._due_at_seconds[shard] = now_seconds + max(0, timer_ms - claim.now_ms) / 1000
        self._wanted |= claim.more

    def rest_seconds(self, now_seconds: float) -> float:
        """How long nothing is to be asked, unless a hint comes: at most until everything is asked again."""
        last = self._all_asked_at_seconds
        everything = now_seconds if last is None else last + EVERYTHING_SECONDS
        return max(0.0, min([everything, *self._due_at_seconds.values()]) - now_seconds)
