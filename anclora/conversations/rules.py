"""The decisions of conversations. Pure: the clock is passed in.

A conversation is a stretch of time on one pair (a number of ours, a person). It begins when the person says something
while none is open, goes on with everything either side says, and is over when nobody said anything for as long as
`idle`, or when somebody closes it. So the same facts make the same stretches in whatever order they become known: those
that reach each other are one.

What a person says to a closed conversation without having been read begins a new one: whoever closed it cannot have
seen what arrived later, even when it was said before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

# What touches an earlier message says nothing new: it opens nothing, keeps nothing open and answers nobody.
GESTURES = ("edit", "delete", "reaction")
# What was sent just before the end of an idle conversation may be committed just after it.
GRACE = timedelta(seconds=60)
# After its end a conversation is looked at once more, for results that came late.
AFTERTHOUGHT = timedelta(minutes=15)
# How long apart two looks may be; whoever waits for an answer is looked after sooner.
_SOONEST, _UNANSWERED, _ANSWERED = timedelta(seconds=2), timedelta(seconds=60), timedelta(minutes=10)


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as its times say it.

    Attributes:
        rows: the stored conversations it is made of, the one that stays first; none = it is new.
        ended_at: when somebody closed it; nothing joins it any more.
    """

    opened_at: datetime
    last_in_at: datetime
    last_out_at: datetime | None = None
    ended_at: datetime | None = None
    rows: tuple[UUID, ...] = ()

    @property
    def last_at(self) -> datetime:
        """When either side said something last."""
        return max(self.last_in_at, self.last_out_at or self.last_in_at)

    def until(self, idle: timedelta) -> datetime:
        """How far it reaches: what is said up to then is part of it."""
        return self.last_at + idle if self.ended_at is None else self.ended_at


def begun(at: datetime, closed: Iterable[datetime]) -> Stretch:
    """What a person said, as the smallest stretch.

    Args:
        at: when it was said.
        closed: when somebody closed conversations of the pair, before this became known.
    """
    moment = max([at, *(end for end in closed if end >= at)])
    return Stretch(opened_at=moment, last_in_at=moment)


def joined(stretches: Iterable[Stretch], idle: timedelta) -> list[Stretch]:
    """Those that reach each other are one; by when they opened."""
    found: list[Stretch] = []
    live: Stretch | None = None
    for each in sorted(stretches, key=lambda one: (one.opened_at, one.rows)):
        if each.ended_at is not None:
            found.append(each)
        elif live is not None and each.opened_at <= live.until(idle):
            live = _one(live, each)
        else:
            if live is not None:
                found.append(live)
            live = each
    if live is not None:
        found.append(live)
    return sorted(found, key=lambda one: (one.opened_at, one.rows))


def _one(one: Stretch, other: Stretch) -> Stretch:
    outs = [at for at in (one.last_out_at, other.last_out_at) if at is not None]
    return Stretch(
        opened_at=min(one.opened_at, other.opened_at),
        last_in_at=max(one.last_in_at, other.last_in_at),
        last_out_at=max(outs, default=None),
        rows=(*one.rows, *other.rows),
    )


def answered(stretch: Stretch, out_at: datetime | None) -> Stretch:
    """The same, after we said something then."""
    if out_at is None or (stretch.last_out_at is not None and out_at <= stretch.last_out_at):
        return stretch
    return msgspec.structs.replace(stretch, last_out_at=out_at)


def idle_ends(stretches: Sequence[Stretch], idle: timedelta, now: datetime) -> list[datetime | None]:
    """When each of these (of one pair, by when they opened) went idle; None = it did not, or somebody closed it."""
    ends: list[datetime | None] = []
    later = False
    for each in reversed(stretches):
        over = later or now > each.until(idle) + GRACE
        ends.append(each.until(idle) if over and each.ended_at is None else None)
        later = later or each.ended_at is None
    return ends[::-1]


def next_look(stretch: Stretch, idle: timedelta, now: datetime) -> datetime:
    """When to look again at an open one: often while it is lively, and right after it would be over."""
    quiet = max(now - stretch.last_at, timedelta(0))
    wait = min(max(quiet / 20, _SOONEST), _UNANSWERED if stretch.last_out_at is None else _ANSWERED)
    return min(now + wait, max(stretch.until(idle) + GRACE, now) + _SOONEST)
