"""The questions: what is counted, told apart by time or by sort, and the period before beside it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from anclora.analytics.causes import words_of
from anclora.analytics.messages import COLUMNS, tell_messages
from anclora.analytics.model import SLICES, Ask, By, Figures, Question, QuestionAnswer, QuestionLine, Told
from anclora.analytics.period import Period, before, slices
from anclora.analytics.talks import AGENT_COLUMNS, CONVERSATION_COLUMNS, REASON_COLUMNS, tell_agents, tell_conversations
from anclora.analytics.worth import KIND_COLUMNS, WORTH_COLUMNS, tell_conversions
from anclora.kit.errors import InvalidError
from anclora.storage.database import Database

_MOST_SLICES, _MOST_PARTS = 2_300, 1_000
_TIME: tuple[By, ...] = tuple(SLICES)
_SORTS: tuple[By, ...] = (*_TIME, "instance", "campaign", "template", "class")


class _Source(NamedTuple):
    """Who answers a question, and what may be asked; the first `by` is the one it suggests.

    Attributes:
        other_columns: those of a `by` that has its own.
        filters: of what it may be asked: a number, a campaign.
    """

    tell: Callable[[Database, Ask, Period, By], Awaitable[Told]]
    bys: tuple[By, ...]
    columns: tuple[str, ...]
    other_columns: Mapping[By, tuple[str, ...]] = {}
    filters: tuple[str, ...] = ("instance", "campaign")


def _messages(question: Question, *bys: By, filters: tuple[str, ...] = ("instance", "campaign")) -> _Source:
    return _Source(tell_messages, bys, COLUMNS[question], filters=filters)


_SOURCES: Mapping[Question, _Source] = {
    "messages": _messages("messages", "day", *_SORTS),
    "rates": _messages("rates", "day", *_SORTS),
    "failures": _messages("failures", "cause", *_SORTS),
    "instances": _messages("instances", "instance", *_SORTS),
    "campaigns": _messages("campaigns", "campaign", *_SORTS),
    "templates": _messages("templates", "template", *_SORTS),
    "opt-outs": _messages("opt-outs", "day", *_TIME, filters=()),
    "conversations": _Source(
        tell_conversations,
        ("day", *_TIME, "instance", "reason"),
        CONVERSATION_COLUMNS,
        {"reason": REASON_COLUMNS},
        filters=("instance",),
    ),
    "agents": _Source(tell_agents, ("agent", *_TIME, "instance"), AGENT_COLUMNS, filters=("instance",)),
    "conversions": _Source(
        tell_conversions,
        ("day", *_TIME, "instance", "campaign", "template", "kind"),
        WORTH_COLUMNS,
        {"kind": KIND_COLUMNS},
    ),
}


def choices(question: Question) -> tuple[By, ...]:
    """What a question may be told apart by; the first is the one it suggests. Pure."""
    return tuple(dict.fromkeys(_SOURCES[question].bys))


async def ask(db: Database, question: Ask) -> QuestionAnswer:
    """Answer a question from the figures.

    Raises:
        InvalidError: it cannot be told apart so, or would have too many lines.
    """
    source = _SOURCES[question.question]
    by = question.by or source.bys[0]
    _sensible(question, by, source)
    columns, earlier = source.other_columns.get(by, source.columns), before(question.period)
    now, then = await asyncio.gather(*(source.tell(db, question, period, by) for period in (question.period, earlier)))
    size = SLICES.get(by)
    keys = slices(question.period, size) if size else _largest(now, then, columns)
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
                figures=now.parts.get(key, now.nothing),
                before=then.parts.get(beside[key], then.nothing) if key in beside else None,
            )
            for key in kept
        ],
        total=QuestionLine(key="", name="total", figures=now.total, before=then.total),
        more=len(keys) - len(kept),
    )


def _sensible(question: Ask, by: By, source: _Source) -> None:
    name = question.question
    if by not in source.bys:
        choice = ", ".join(choices(name))
        raise InvalidError(f"{name} cannot be told apart by {by}. Choose one of: {choice}.", code="invalid_question")
    for what in ("instance", "campaign"):
        if getattr(question, what) is not None and what not in source.filters:
            raise InvalidError(
                f"{name} are counted for every {what} together: ask without `{what}`.", code="invalid_question"
            )
    size = SLICES.get(by)
    if size and len(slices(question.period, size)) > _MOST_SLICES:
        raise InvalidError(
            f"That would be more than {_MOST_SLICES} lines. Ask for fewer days, or by day.", code="invalid_question"
        )


def _largest(now: Told, then: Told, columns: tuple[str, ...]) -> list[str]:
    """Every part that has figures now or before, the largest first."""

    def place(key: str) -> tuple[float, float, str]:
        figures: Figures = now.parts.get(key, now.nothing)
        return (-(figures[columns[0]] or 0), -sum(n for n in figures.values() if isinstance(n, int)), key)

    return sorted({*now.parts, *then.parts}, key=place)
