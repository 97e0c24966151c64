"""Letting backups go that are past their time; the manifest first, so that none is ever listed whose bytes are gone."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from anclora.backups.find import Lies, look
from anclora.backups.house import House
from anclora.backups.rules import Good, data_key, left_behind, manifest_key, to_remove
from anclora.backups.wal.rules import to_let_go
from anclora.kit.errors import SetupError
from anclora.storage.embedded import discard_embedded

_SPOOL_HOURS = 48


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What went, or would: names of backups, keys of bytes that never became one, and how many pieces of the log."""

    removed: Sequence[str]
    unfinished: Sequence[str]
    segments: int
    bytes: int


async def prune(house: House, *, dry: bool = False) -> Pruned:
    """Remove what is past its time. One that is not whole is nobody's last good one, and is left for people to see.

    Raises:
        TargetError: the target does not answer; what is gone is gone whole.
    """
    now = house.clock.now()
    lies = await look(house)
    removed = to_remove([Good(each.name, each.kind, each.tier, each.made_at) for each in lies.good], now)
    unfinished = left_behind(lies.data, [each.name for each in lies.backups], now)
    kept = [each for each in lies.bases if each.name not in removed]
    segments = to_let_go(kept, lies.segments, now)
    if not dry:
        await asyncio.to_thread(_remove, house, removed, [*unfinished, *segments])
        await asyncio.to_thread(_sweep_spool, house, now)
    return Pruned(removed=removed, unfinished=unfinished, segments=len(segments), bytes=_bytes(lies, removed))


def _bytes(lies: Lies, names: Sequence[str]) -> int:
    gone = set(names)
    return sum(each.bytes for each in lies.good if each.name in gone)


def _remove(house: House, names: Sequence[str], keys: Sequence[str]) -> None:
    for name in names:
        house.target.remove(manifest_key(name))
        house.target.remove(data_key(name))
    for key in keys:
        house.target.remove(key)


def _sweep_spool(house: House, now: datetime) -> None:
    """What processes left here that died in the middle."""
    oldest = (now - timedelta(hours=_SPOOL_HOURS)).timestamp()
    for path in house.spool.glob("*.enc"):
        with contextlib.suppress(FileNotFoundError):  # whoever worked with it is done
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
    for folder in house.spool.glob("scratch-*"):
        with contextlib.suppress(SetupError, FileNotFoundError):  # somebody still works in it, or is just done
            if folder.stat().st_mtime < oldest:
                discard_embedded(folder)
