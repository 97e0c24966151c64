"""The report as a page: words and figures in one language, before any format. Pure."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from anclora.reports.failures import Lang

Tone = Literal["good", "bad", "plain"]
_ROOM_FOR_LABELS = 12
COMPARED = "±"  # the head of a column that says how much more or less


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, large, and how it compares."""

    label: str
    value: str
    below: str
    tone: Tone = "plain"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table.

    Attributes:
        words: how many columns from the left hold words; the others hold figures, or `tail` words again.
        short: its first two columns belong into the short text of a chat too.
        said: a sentence above it, which stands alone where there are no rows.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    tail: int = 0
    short: bool = False
    said: str = ""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Bars, and the sentence that says the same to whoever cannot see them.

    Attributes:
        beside: what each bar is compared with, drawn paler on its left; none where there is nothing to compare.
    """

    title: str
    alt: str
    labels: Sequence[str]
    values: Sequence[int]
    beside: Sequence[int] = ()

    @property
    def most(self) -> int:
        """The highest of all."""
        return max((*self.values, *self.beside), default=0)

    @property
    def label_every(self) -> int:
        """So many bars share one label; all have one where there is room."""
        return 1 if len(self.values) <= _ROOM_FOR_LABELS else 3


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do, and the command that does or shows it."""

    text: str
    command: str | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a reader sees, in the order of importance."""

    lang: Lang
    title: str
    date: str
    summary: str
    warning: str | None
    tiles: Sequence[Tile]
    actions_title: str
    actions: Sequence[Action]
    charts: Sequence[Chart]
    tables: Sequence[Table]
    notes: Sequence[str]
