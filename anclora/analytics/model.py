"""What is asked of the figures, and how they are told. Pure."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from anclora.analytics.period import Period, Slice

Question = Literal[
    "messages",
    "rates",
    "failures",
    "instances",
    "campaigns",
    "templates",
    "opt-outs",
    "conversations",
    "agents",
    "conversions",
]
By = Literal[
    "hour", "day", "week", "month", "instance", "campaign", "template", "class", "cause", "reason", "agent", "kind"
]
Figures = dict[str, int | float | None]
SLICES: Mapping[By, Slice] = {"hour": "hour", "day": "day", "week": "week", "month": "month"}


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A question.

    Attributes:
        by: what its figures are told apart by; None = as the question suggests.
        instance: only of this number.
        campaign: only of this campaign.
        currency: ISO 4217, of the business: revenue is told in it.
    """

    question: Question
    period: Period
    by: By | None = None
    instance: str | None = None
    campaign: str | None = None
    currency: str = "EUR"


class QuestionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One hour, day, number, campaign … and its figures.

    Attributes:
        key: `2026-01-31`, `2026-W05`, `2026-01`, an hour with its offset, a name, an id or a code; "" = none.
        name: the same for people; of a cause what it means and what to do.
        figures: by column; rates are shares of `sent`, null without any.
        before: the same of the period before: of a slice of time the one at the same place in it. Null = there is none.
    """

    key: str
    name: str
    figures: Figures
    before: Figures | None


class QuestionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The figures. `failed` is refused for good or given up; `dead` is the part of it that was given up.

    Attributes:
        previous: the period that `before` speaks of.
        more: lines left off, the smallest ones; the total has them.
    """

    question: str
    by: str
    period: Period
    previous: Period
    columns: list[str]
    lines: list[QuestionLine]
    total: QuestionLine
    more: int


class Told(NamedTuple):
    """The figures of one period, part by part; parts without any are left out, and are `nothing`."""

    parts: Mapping[str, Figures]
    total: Figures
    nothing: Figures
