"""The nouns of retention. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import msgspec

TABLES = ("messages", "attempts")  # partitioned by months of a message's id, and so dropped together
Step = Callable[[str, int, int | None], None]
"""Told of progress: what is being done, rows so far, rows in all (None = not known)."""


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """A month of the ledger: its first day, the moment it ends, and its partition of each table."""

    first: date
    since: datetime
    until: datetime
    partitions: Mapping[str, str]

    @property
    def name(self) -> str:
        """As people write it: `2025-01`."""
        return f"{self.first:%Y-%m}"


class Print(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows, and a sum over what they hold, whatever their order."""

    rows: int
    hash: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a month stays.

    Attributes:
        count: how many rows say so.
        message_id: the first of them; None = it is about no single message.
        words: what is wrong, and what to do.
    """

    why: str
    count: int
    message_id: str | None
    words: str


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A month that is past its days.

    Attributes:
        rows: by table.
        bytes: what it takes in the ledger, indexes included.
        refusals: why it stays; empty = it may go.
    """

    month: str
    rows: Mapping[str, int]
    bytes: int
    refusals: Sequence[Refusal]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One table of one month, as it lies in the target."""

    table: str
    key: str
    rows: int
    hash: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What lies beside the files of a month, written once all of them were read back."""

    format: int = 1
    month: str
    verified_at: datetime
    program: str
    files: Sequence[File]


class Archived(msgspec.Struct, frozen=True, kw_only=True):
    """A month that was archived and dropped."""

    month: str
    place: str
    dropped_at: datetime
    files: Sequence[File]


class Stayed(msgspec.Struct, frozen=True, kw_only=True):
    """A month that could not go: the code of the error, and its sentence."""

    month: str
    code: str
    words: str


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round: what went, what stayed; `alone` = False: another process was at it, so nothing was tried."""

    alone: bool
    gone: Sequence[Archived]
    stayed: Sequence[Stayed]


def no_step(what: str, done: int, whole: int | None) -> None:
    """Tell nobody of progress."""
