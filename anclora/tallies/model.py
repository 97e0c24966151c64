"""What is counted, what is asked, and what a recount finds. Pure."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
By = Literal["all", "at", "instance", "campaign", "template", "class", "cause"]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How often each thing happened. Its fields are the names of `tally_deltas.what`.

    Attributes:
        accepted: messages taken in.
        sent: the provider took them.
        failed: refused for good.
        dead: given up.
        expired: past their time before they left.
        canceled: taken back before they left, or discarded as dead letters.
        blocked: not sent because the person opted out.
        received: things people said to our numbers, touches (reactions, votes, edits, deletions) left out.
        typed: the same of what was typed on the phone of a number.
        opt_outs: times somebody opted out.
    """

    accepted: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    played: int = 0
    failed: int = 0
    dead: int = 0
    expired: int = 0
    canceled: int = 0
    blocked: int = 0
    received: int = 0
    typed: int = 0
    opt_outs: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in COUNTERS})


COUNTERS: tuple[str, ...] = Counts.__struct_fields__


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which figures: those of [since, until), of one number or campaign or of all.

    Attributes:
        since: the beginning of a quarter of an hour, as every time zone has them; `until` alike.
        grain: how finely `at` tells them apart: by quarters, by hours of UTC, or by days of `zone`.
        zone: IANA zone whose days may be read, which is faster for long periods.
    """

    since: datetime
    until: datetime
    grain: Literal[15, 60, 1440] = 15
    instance: str | None = None
    campaign: str | None = None
    zone: str | None = None


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one part.

    Attributes:
        at: the beginning of the quarter, hour or day (when asked by `at`), else None.
        key: the number, campaign, template, class or cause; "" = none, and for the others.
    """

    at: datetime | None
    key: str
    counts: Counts


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that is not what the rows say.

    Attributes:
        grain: minutes it stands for.
        at: its beginning.
        tallied: what the figures say.
        counted: what the rows say; of an hour or a day, what its quarters say.
    """

    grain: int
    at: datetime
    instance: str
    campaign: str
    template: str
    kind: str = msgspec.field(name="class")
    cause: str
    what: str
    tallied: int
    counted: int


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a recount.

    Attributes:
        facts: how many facts the rows hold.
        differences: how many figures differ; `shown` are the first of them.
        mended: how many of them were put right.
    """

    facts: int
    differences: int
    shown: list[Difference]
    mended: int = 0
