"""Between Python and the scripts: arguments as the Lua files describe them, answers as values, bad names refused."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import msgspec

from anclora.kit.errors import InvalidError
from anclora.queue.model import Claimed, Item, LaneStats, Limits, Peek

_PAUSED = ("c", "w", "g", "t")
peeked = msgspec.msgpack.Decoder(Peek, strict=False).decode


def by_lane(entries: Iterable[tuple[Claimed, tuple[object, ...]]]) -> list[object]:
    """[lane, the lane's entries flat, lane, ...]."""
    lanes: dict[str, list[object]] = {}
    for claimed, entry in entries:
        lanes.setdefault(claimed.lane, []).extend(entry)
    return [part for lane, flat in lanes.items() for part in (lane, flat)]


def claimed(grant: Sequence[Any], token: str, now_ms: int, emptied_ms: int | None) -> list[Claimed]:
    """The items of one grant of `claim`; `emptied_ms` = when nothing ready was left of its shard, None = not known."""
    lane, probe, ids, records, moments = grant
    waited = None if emptied_ms is None else now_ms - emptied_ms
    return [
        Claimed(
            item_id,
            lane,
            token,
            bool(probe),
            record[17:],
            int(record[1]),
            go_at_ms,
            now_ms - go_at_ms if go_at_ms > now_ms else waited,
        )
        for item_id, record, go_at_ms in zip(ids, records, moments or repeat(0, len(ids)), strict=True)
    ]


def counted(flat: Sequence[Any]) -> Iterator[tuple[str, LaneStats]]:
    """The lanes of one answer of `stats`."""
    for at in range(0, len(flat), 7):
        name, total, waiting, active, mode, closed, sent = flat[at : at + 7]
        yield (
            str(name),
            LaneStats(
                waiting=waiting,
                active=active,
                delayed=total - active - waiting,
                paused=mode[:1] in _PAUSED,
                closed=frozenset(level for level, digit in enumerate(closed) if digit == "1"),
                sent_24h=None if sent < 0 else sent,
            ),
        )


def rules_of(limits: Limits) -> list[object] | None:
    """The array of `pace.lua`, None = no limits."""
    shares = (limits.jitter, limits.kept_share)
    numbers = (limits.per_second, limits.gap_seconds, limits.per_day, limits.new_keys_per_day, limits.at_once, *shares)
    if min(numbers) < 0 or max(shares) > 1 or limits.burst < 1:
        raise InvalidError(f"Limits are not negative, a burst is at least 1, a share at most 1: {limits}.")
    if limits == Limits(burst=limits.burst):
        return None
    return [
        1e6 / limits.per_second if limits.per_second else 0,
        limits.burst,
        limits.jitter,
        round(limits.gap_seconds * 1000),
        limits.per_day,
        limits.new_keys_per_day,
        limits.kept_share,
        "".join("1" if level in limits.closed else "0" for level in range(4)),
        limits.at_once,
    ]


def check(item: Item) -> None:
    """Raise `InvalidError` for an item nobody can store."""
    if not 0 < len(item.id) <= 64 or "|" in item.id or item.id in ("+", "="):
        raise InvalidError(f"An item's id has 1 to 64 characters without bars, not {item.id[:80]!r}.")
    if not 0 < len(item.order_key) <= 256:
        raise InvalidError("An order key has 1 to 256 characters.")
    if not 0 <= item.place < 10**15:
        raise InvalidError(f"An item's place is 1 to 10^15 - 1, or 0, not {item.place}.")
