"""Conversations as anybody would work them out on paper: what the ledger's own way is held to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

START = datetime(2026, 3, 1, tzinfo=UTC)
IDLE = timedelta(hours=24)


class Plain(NamedTuple):
    """A conversation as anybody would work it out on paper."""

    opened_at: datetime
    last_in_at: datetime
    last_out_at: datetime | None
    first_out_at: datetime | None


def on_paper(ins: Sequence[datetime], outs: Sequence[datetime]) -> list[Plain]:
    """One fact after the other, in the order of time."""
    found: list[Plain] = []
    for at, side in sorted([*((at, 0) for at in ins), *((at, 1) for at in outs)]):
        live = found[-1] if found else None
        if live is not None and at - max(live.last_in_at, live.last_out_at or live.last_in_at) > IDLE:
            live = None
        if side == 0 and live is None:
            found.append(Plain(at, at, None, None))
        elif side == 0 and live is not None:
            found[-1] = live._replace(last_in_at=at)
        elif live is not None:
            found[-1] = live._replace(last_out_at=at, first_out_at=live.first_out_at or at)
    return found


def portions(facts: Sequence[tuple[datetime, int]], sizes: Sequence[int]) -> list[list[tuple[datetime, int]]]:
    rest, found = list(facts), []
    for size in [*sizes, len(rest)]:
        found.append(rest[:size])
        rest = rest[size:]
    return [each for each in found if each]
