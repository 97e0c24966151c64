"""What the figures of a day suggest to do: at most three things, the most pressing first. Pure.

A suggestion is a code and its values, so that every language and program says it in its own words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from anclora.reports.model import Day, Number

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


def suggestions(day: Day) -> Sequence[Suggestion]:
    """At most three, the most pressing first; none when nothing speaks for any."""
    return [found for rule in _RULES for found in rule(day)][:MOST]


def share(part: int, whole: int) -> float:
    """0 to 1; 0 of nothing."""
    return part / whole if whole else 0.0


def _silent(day: Day) -> Iterator[Suggestion]:
    """Nothing went out, and a week ago it did."""
    usual = day.week_before.messages.sent
    if not day.today.messages.sent and usual >= _ENOUGH:
        yield Suggestion(code="silent", values={"usual": usual}, command="anclora queue")


def _dead(day: Day) -> Iterator[Suggestion]:
    if day.dead:
        yield Suggestion(code="dead", values={"count": day.dead}, command="anclora queue dlq list")


def _failing(day: Day) -> Iterator[Suggestion]:
    """Too many failed, or one reason stands out."""
    messages = day.today.messages
    if not day.failures:
        return
    top = day.failures[0]
    values: dict[str, int | float | str] = {"count": top.count, "reason": top.code}
    if messages.sent + messages.failed >= _ENOUGH:
        part = share(messages.failed, messages.sent + messages.failed)
        if part > _BAD_FAILURE_SHARE:
            yield Suggestion(code="failing", values=values | {"share": part}, command=_LIST_FAILED)
            return
    yield Suggestion(code="top_failure", values=values, command=_LIST_FAILED)


_LIST_FAILED = "anclora messages list --state failed"


def _undelivered(day: Day) -> Iterator[Suggestion]:
    """The number that delivers worst, if it is bad."""
    judged = [each for each in day.numbers if each.messages.sent >= _ENOUGH]
    worst = min(judged, key=_delivery, default=None)
    if worst is not None and _delivery(worst) < _BAD_DELIVERY_RATE and day.until is None:
        values: dict[str, int | float | str] = {"number": worst.name, "rate": _delivery(worst)}
        yield Suggestion(code="undelivered", values=values, command="anclora instances health")


def _delivery(number: Number) -> float:
    return share(number.messages.delivered, number.messages.sent)


def _doubtful(day: Day) -> Iterator[Suggestion]:
    if day.tries.unknown >= _DOUBTS and share(day.tries.unknown, day.tries.count) > 0.01:
        yield Suggestion(
            code="doubts", values={"count": day.tries.unknown}, command="anclora messages list --state unknown"
        )


def _slow(day: Day) -> Iterator[Suggestion]:
    talks = day.today.conversations
    if talks and talks.first_response_seconds is not None and talks.first_response_seconds > _SLOW_SECONDS:
        yield Suggestion(code="slow", values={"minutes": round(talks.first_response_seconds / 60)})


def _handed_over(day: Day) -> Iterator[Suggestion]:
    """The bot did not understand often enough to be taught."""
    talks = day.today.conversations
    confused = talks.handoffs.get("bot_confusion", 0) if talks else 0
    if talks and confused >= 5 and share(confused, sum(talks.handoffs.values())) >= 0.3:
        yield Suggestion(code="confusion", values={"count": confused})


def _read_less(day: Day) -> Iterator[Suggestion]:
    now, then = day.today.messages, day.week_before.messages
    if min(now.delivered, then.delivered) < _ENOUGH or day.until is not None:
        return
    rates = share(now.read, now.delivered), share(then.read, then.delivered)
    if rates[1] - rates[0] >= _FALL:
        yield Suggestion(code="read_less", values={"rate": rates[0], "before": rates[1]})


def _more_received(day: Day) -> Iterator[Suggestion]:
    now, then = day.today.messages.received, day.week_before.messages.received
    if then >= _ENOUGH and now >= then * _GROWTH:
        yield Suggestion(code="more_received", values={"count": now, "before": then})


def _busiest(day: Day) -> Iterator[Suggestion]:
    """People write most at some hour: somebody should be there."""
    if day.today.messages.received < _ENOUGH or not day.hours:
        return
    busiest = max(day.hours, key=lambda hour: hour.received)
    values: dict[str, int | float | str] = {"hour": f"{busiest.starts_at:%H:%M}", "count": busiest.received}
    yield Suggestion(code="busiest", values=values)


_RULES: Sequence[Callable[[Day], Iterator[Suggestion]]] = (
    _silent, _dead, _failing, _undelivered, _doubtful, _slow, _handed_over, _read_less, _more_received, _busiest,
)  # fmt: skip
