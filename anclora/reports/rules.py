"""What figures suggest to do: at most three things, the most pressing first. Pure.

A suggestion is a code and its values, so that every language and program says it in its own words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from anclora.reports.model import Day, DayCounts, Failure, Number, Period, Tries

MOST = 3
# Below so many messages a share says nothing.
_ENOUGH = 50
_BAD_FAILURE_SHARE = 0.05
_BAD_DELIVERY_RATE = 0.85
_FALL = 0.10
_GROWTH = 1.5
_SLOW_SECONDS = 900.0
_DOUBTS = 10


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do.

    Attributes:
        code: what speaks for it, stable.
        values: of the sentence, by name.
        command: that does or shows it, if there is one.
    """

    code: str
    values: Mapping[str, int | float | str] = {}
    command: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: a span beside the one it is compared with.

    Attributes:
        is_over: nothing more of it will come.
        busiest: the hour (`10:00`) or day (`2026-11-23`) with most received, and how many.
    """

    now: DayCounts
    before: DayCounts
    numbers: Sequence[Number]
    failures: Sequence[Failure]
    tries: Tries
    dead: int
    is_over: bool
    busiest: tuple[str, int] | None


def suggestions(figures: Day | Period) -> Sequence[Suggestion]:
    """At most three, the most pressing first; none when nothing speaks for any."""
    case = _case_of_day(figures) if isinstance(figures, Day) else _case_of_period(figures)
    return [found for rule in _RULES for found in rule(case)][:MOST]


def _case_of_day(day: Day) -> Case:
    """A day is compared with the same weekday a week ago."""
    busiest = max(day.hours, key=lambda hour: hour.received, default=None)
    return Case(
        now=day.today,
        before=day.week_before,
        numbers=day.numbers,
        failures=day.failures,
        tries=day.tries,
        dead=day.dead,
        is_over=day.until is None,
        busiest=(f"{busiest.starts_at:%H:%M}", busiest.received) if busiest else None,
    )


def _case_of_period(period: Period) -> Case:
    busiest = max(period.days, key=lambda day: day.messages.received)
    return Case(
        now=period.now,
        before=period.before,
        numbers=period.numbers,
        failures=period.failures,
        tries=period.tries,
        dead=period.dead,
        is_over=True,
        busiest=(str(busiest.date), busiest.messages.received),
    )


def share(part: int, whole: int) -> float:
    """0 to 1; 0 of nothing."""
    return part / whole if whole else 0.0


def _silent(case: Case) -> Iterator[Suggestion]:
    """Nothing went out, and the time before it did."""
    usual = case.before.messages.sent
    if not case.now.messages.sent and usual >= _ENOUGH:
        yield Suggestion(code="silent", values={"usual": usual}, command="anclora queue")


def _dead(case: Case) -> Iterator[Suggestion]:
    if case.dead:
        yield Suggestion(code="dead", values={"count": case.dead}, command="anclora queue dlq list")


def _failing(case: Case) -> Iterator[Suggestion]:
    """Too many failed, or one reason stands out."""
    messages = case.now.messages
    if not case.failures:
        return
    top = case.failures[0]
    values: dict[str, int | float | str] = {"count": top.count, "reason": top.code}
    if messages.sent + messages.failed >= _ENOUGH:
        part = share(messages.failed, messages.sent + messages.failed)
        if part > _BAD_FAILURE_SHARE:
            yield Suggestion(code="failing", values=values | {"share": part}, command=_LIST_FAILED)
            return
    yield Suggestion(code="top_failure", values=values, command=_LIST_FAILED)


_LIST_FAILED = "anclora messages list --state failed"


def _undelivered(case: Case) -> Iterator[Suggestion]:
    """The number that delivers worst, if it is bad."""
    judged = [each for each in case.numbers if each.messages.sent >= _ENOUGH]
    worst = min(judged, key=_delivery, default=None)
    if worst is not None and _delivery(worst) < _BAD_DELIVERY_RATE and case.is_over:
        values: dict[str, int | float | str] = {"number": worst.name, "rate": _delivery(worst)}
        yield Suggestion(code="undelivered", values=values, command="anclora instances health")


def _delivery(number: Number) -> float:
    return share(number.messages.delivered, number.messages.sent)


def _doubtful(case: Case) -> Iterator[Suggestion]:
    if case.tries.unknown >= _DOUBTS and share(case.tries.unknown, case.tries.count) > 0.01:
        yield Suggestion(
            code="doubts", values={"count": case.tries.unknown}, command="anclora messages list --state unknown"
        )


def _slow(case: Case) -> Iterator[Suggestion]:
    talks = case.now.conversations
    if talks and talks.first_response_seconds is not None and talks.first_response_seconds > _SLOW_SECONDS:
        yield Suggestion(code="slow", values={"minutes": round(talks.first_response_seconds / 60)})


def _handed_over(case: Case) -> Iterator[Suggestion]:
    """The bot did not understand often enough to be taught."""
    talks = case.now.conversations
    confused = talks.handoffs.get("bot_confusion", 0) if talks else 0
    if talks and confused >= 5 and share(confused, sum(talks.handoffs.values())) >= 0.3:
        yield Suggestion(code="confusion", values={"count": confused})


def _read_less(case: Case) -> Iterator[Suggestion]:
    now, then = case.now.messages, case.before.messages
    if min(now.delivered, then.delivered) < _ENOUGH or not case.is_over:
        return
    rates = share(now.read, now.delivered), share(then.read, then.delivered)
    if rates[1] - rates[0] >= _FALL:
        yield Suggestion(code="read_less", values={"rate": rates[0], "before": rates[1]})


def _more_received(case: Case) -> Iterator[Suggestion]:
    now, then = case.now.messages.received, case.before.messages.received
    if then >= _ENOUGH and now >= then * _GROWTH:
        yield Suggestion(code="more_received", values={"count": now, "before": then})


def _busiest(case: Case) -> Iterator[Suggestion]:
    """People write most at some time: somebody should be there."""
    if case.now.messages.received < _ENOUGH or not case.busiest:
        return
    when, count = case.busiest
    code, name = ("busiest", "hour") if ":" in when else ("busiest_day", "day")
    yield Suggestion(code=code, values={name: when, "count": count})


_RULES: Sequence[Callable[[Case], Iterator[Suggestion]]] = (
    _silent, _dead, _failing, _undelivered, _doubtful, _slow, _handed_over, _read_less, _more_received, _busiest,
)  # fmt: skip
