"""The questions: what is counted, told apart by time or by sort, and the period before beside it."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from anclora.analytics.causes import words_of
from anclora.analytics.overview import share
from anclora.analytics.period import Period, Slice, before, slice_of, slices, wanted
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database
from anclora.tallies import Counts, read
from anclora.tallies.model import By as Part

Question = Literal["messages", "rates", "failures", "instances", "campaigns", "templates", "opt-outs"]
By = Literal["hour", "day", "week", "month", "instance", "campaign", "template", "class", "cause"]
Figures = dict[str, int | float | None]
_SLICES: Mapping[By, Slice] = {"hour": "hour", "day": "day", "week": "week", "month": "month"}
_PARTS: Mapping[By, Part] = {
    "instance": "instance",
    "campaign": "campaign",
    "template": "template",
    "class": "class",
    "cause": "cause",
}
_MOST_SLICES, _MOST_PARTS = 2_300, 1_000
_SORTS = ("accepted", "sent", "delivered", "read", "failed", "delivery_rate", "read_rate")
COLUMNS: Mapping[Question, tuple[str, ...]] = {
    "messages": (
        *("accepted", "sent", "delivered", "read", "played", "failed", "dead", "expired", "canceled", "blocked"),
        *("received", "typed"),
    ),
    "rates": ("sent", "delivered", "read", "delivery_rate", "read_rate"),
    "failures": ("failed", "dead", "expired", "canceled", "blocked"),
    "instances": (*_SORTS, "received", "typed"),
    "campaigns": _SORTS,
    "templates": _SORTS,
    "opt-outs": ("opt_outs",),
}
_DEFAULT: Mapping[Question, By] = {
    "messages": "day",
    "rates": "day",
    "failures": "cause",
    "instances": "instance",
    "campaigns": "campaign",
    "templates": "template",
    "opt-outs": "day",
}


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A question.

    Attributes:
        by: what its figures are told apart by; None = as the question suggests.
        instance: only of this number.
        campaign: only of this campaign.
    """

    question: Question
    period: Period
    by: By | None = None
    instance: str | None = None
    campaign: str | None = None


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


async def ask(db: Database, question: Ask) -> QuestionAnswer:
    """QuestionAnswer a question from the figures.

    Raises:
        InvalidError: it cannot be told apart so, or would have too many lines.
    """
    by = question.by or _DEFAULT[question.question]
    _sensible(question, by)
    columns, earlier = COLUMNS[question.question], before(question.period)
    reads = (_read(db, question, period, by) for period in (question.period, earlier))
    now, then = await asyncio.gather(*reads)
    keys = _keys(by, question.period, now, then, columns[0])
    size = _SLICES.get(by)
    kept = keys if size else keys[:_MOST_PARTS]
    beside = dict(zip(kept, slices(earlier, size) if size else kept, strict=False))
    return QuestionAnswer(
        question=question.question,
        by=by,
        period=question.period,
        previous=earlier,
        columns=list(columns),
        lines=[
            QuestionLine(
                key=key,
                name=words_of(key) if by == "cause" else key or f"(no {by})",
                figures=figures_of(now.get(key, Counts()), columns),
                before=figures_of(then.get(beside[key], Counts()), columns) if key in beside else None,
            )
            for key in kept
        ],
        total=QuestionLine(
            key="",
            name="total",
            figures=figures_of(_sum(now.values()), columns),
            before=figures_of(_sum(then.values()), columns),
        ),
        more=len(keys) - len(kept),
    )


def figures_of(counts: Counts, columns: Iterable[str]) -> Figures:
    """The columns of a question for these counts. Pure."""
    known: Figures = {name: getattr(counts, name) for name in Counts.__struct_fields__}
    known["failed"] = counts.failed + counts.dead
    known["delivery_rate"] = share(counts.delivered, counts.sent)
    known["read_rate"] = share(counts.read, counts.sent)
    return {name: known[name] for name in columns}


def _sensible(question: Ask, by: By) -> None:
    if by == "cause" and question.question != "failures":
        raise InvalidError("Only failures have causes; choose another `by`.", code="invalid_question")
    if question.question == "opt-outs" and (by not in _SLICES or question.instance or question.campaign):
        raise InvalidError(
            "An opt-out is a person's and counts for every number and campaign: ask by hour, day, week or month.",
            code="invalid_question",
        )
    size = _SLICES.get(by)
    if size and len(slices(question.period, size)) > _MOST_SLICES:
        raise InvalidError(
            f"That would be more than {_MOST_SLICES} lines. Ask for fewer days, or by day.", code="invalid_question"
        )


async def _read(db: Database, question: Ask, period: Period, by: By) -> dict[str, Counts]:
    size = _SLICES.get(by)
    asked = wanted(period, instance=question.instance, campaign=question.campaign, whole=size is None)
    if size is None:
        causes = by == "cause"
        found = await read(db, asked, _PARTS[by])
        return {sums.key: sums.counts for sums in found if not causes or _ended(sums.counts)}
    found_by_key: dict[str, Counts] = {}
    for sums in await read(db, asked, "at"):
        if sums.at is not None:
            key = slice_of(sums.at, size, period.timezone)
            found_by_key[key] = found_by_key.get(key, Counts()) + sums.counts
    return found_by_key


def _ended(counts: Counts) -> bool:
    return any((counts.failed, counts.dead, counts.expired, counts.canceled, counts.blocked))


def _keys(by: By, period: Period, now: Mapping[str, Counts], then: Mapping[str, Counts], first: str) -> list[str]:
    """The lines: every slice of the period, or every part that has figures, the largest first."""
    if size := _SLICES.get(by):
        return slices(period, size)

    def place(key: str) -> tuple[int, int, str]:
        counts = now.get(key, Counts())
        main = counts.failed + counts.dead if first == "failed" else getattr(counts, first)
        return (-main, -sum(getattr(counts, name) for name in Counts.__struct_fields__), key)

    return sorted({*now, *then}, key=place)


def _sum(all_counts: Iterable[Counts]) -> Counts:
    found = Counts()
    for counts in all_counts:
        found += counts
    return found
