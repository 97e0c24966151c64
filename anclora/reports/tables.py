"""The tables of the report, in one language. Pure."""

from collections.abc import Iterator, Sequence

from anclora.reports.failures import Lang, meaning_of
from anclora.reports.model import Answers, Conversions, Day, DayCounts, DayLine, Failure, Money, Number, Overdue, Period
from anclora.reports.page import COMPARED, Table
from anclora.reports.rules import share
from anclora.reports.spelling import amount_of, capital, change, duration, number, percent, short_date, short_day
from anclora.reports.words import WEEKDAYS, WORDS

_KINDS = ("sent", "delivered", "read", "received", "failed")


def day_tables(day: Day, lang: Lang) -> Iterator[Table]:
    """A day beside the day before and the same weekday a week earlier."""
    words = WORDS[lang]
    week = words["week_before"].format(weekday=capital(WEEKDAYS[lang][day.date.weekday()]))
    head = (words["now_daily"], words["yesterday"], COMPARED, week, COMPARED)
    yield from _compared((day.today, day.yesterday, day.week_before), head, lang)
    yield from _numbers(day.numbers, lang)
    yield from _failures(day.failures, lang)


def period_tables(period: Period, lang: Lang) -> Iterator[Table]:
    """A week or a month beside the one before, and each of its days beside the same weekday a week earlier."""
    words, every = WORDS[lang], period.every
    head = (words[f"now_{every}"], words[f"before_{every}"], COMPARED)
    yield from _compared((period.now, period.before), head, lang)
    yield from _numbers(period.numbers, lang)
    yield from _failures(period.failures, lang)
    if period.incidents is not None:
        yield _incidents(period, period.incidents, lang)
    yield from _overdue(period.overdue, lang)
    if any(not counts.empty for line in period.days for counts in (line.messages, line.week_before)):
        week = words["seven_days"]
        head = (words["day"], words["sent"], week, COMPARED, words["received"], week, COMPARED, words["failed"])
        yield Table(title=words["days"], head=head, rows=[_day_row(line, lang) for line in period.days])


def incidents_said(period: Period, lang: Lang) -> str | None:
    """How the incidents of a week or a month were answered, in a sentence; None = nobody counts them here."""
    words, found = WORDS[lang], period.incidents
    if found is None:
        return None
    if not any(each.opened for each in found):
        return words[f"incidents_{period.every}"]
    targets = [words[f"target_{each.severity}"].format(target=duration(each.target_seconds, lang)) for each in found]
    sums = ("opened", "acknowledged", "within_target", "ended_alone", "waiting")
    values = {name: number(sum(int(getattr(each, name)) for each in found), lang) for name in sums}
    return words["incidents_said"].format(**values, targets=", ".join(targets))


def _incidents(period: Period, found: Sequence[Answers], lang: Lang) -> Table:
    words = WORDS[lang]
    counts, waits = ("opened", "acknowledged", "within_target"), ("p50", "p95")
    head = [words[f"incidents_{name}"] for name in (*counts, *waits, "ended_alone", "waiting")]
    rows: list[list[str]] = []
    for each in found if any(one.opened for one in found) else ():
        label = f"{words[f'severity_{each.severity}']} ({duration(each.target_seconds, lang)})"
        times = [getattr(each, f"{name}_seconds") for name in waits]
        rows.append(
            [
                label,
                *(number(int(getattr(each, name)), lang) for name in counts),
                *(words["none"] if time is None else duration(time, lang) for time in times),
                number(each.ended_alone, lang),
                number(each.waiting, lang),
            ]
        )
    title = words["incidents"]
    return Table(title=title, head=(title, *head), rows=rows, said=incidents_said(period, lang) or "")


def _overdue(found: Sequence[Overdue], lang: Lang) -> Iterator[Table]:
    words = WORDS[lang]
    if found:
        rows = [[each.text, each.owner, each.incident, short_date(each.due_on, lang)] for each in found]
        head = [words[f"overdue_{name}"] for name in ("action", "owner", "incident", "due_on")]
        yield Table(title=words["overdue"], head=head, rows=rows, tail=3)


def _compared(spans: Sequence[DayCounts], head: Sequence[str], lang: Lang) -> Iterator[Table]:
    """Everything that is counted of a span beside the same of others; what nobody counts is left out."""
    words = WORDS[lang]
    yield Table(title=words["messages"], head=(words["messages"], *head), rows=list(_message_rows(spans, lang)))
    if spans[0].conversations is not None:
        title = words["conversations"]
        yield Table(title=title, head=(title, *head), rows=list(_talk_rows(spans, lang)), short=True)
    if spans[0].conversions is not None:
        title = words["conversions"]
        yield Table(title=title, head=(title, *head), rows=list(_conversion_rows(spans, lang)), short=True)


def _numbers(numbers: Sequence[Number], lang: Lang) -> Iterator[Table]:
    words = WORDS[lang]
    if len(numbers) > 1:
        rows = [[each.name, *(number(int(getattr(each.messages, kind)), lang) for kind in _KINDS)] for each in numbers]
        yield Table(title=words["numbers"], head=(words["number"], *(words[kind] for kind in _KINDS)), rows=rows)


def _failures(failures: Sequence[Failure], lang: Lang) -> Iterator[Table]:
    words = WORDS[lang]
    if failures:
        rows = [
            [meaning.what, number(each.count, lang), ", ".join(each.numbers), meaning.do]
            for each in failures
            for meaning in [meaning_of(each.code, lang)]
        ]
        head = (words["reason"], words["count"], words["where"], words["do"])
        yield Table(title=words["failures"], head=head, rows=rows, tail=2)


def _day_row(line: DayLine, lang: Lang) -> list[str]:
    cells = [capital(short_day(line.date, lang))]
    for kind in ("sent", "received"):
        now, then = int(getattr(line.messages, kind)), int(getattr(line.week_before, kind))
        cells += [number(now, lang), number(then, lang), change(now, then, lang)]
    return [*cells, number(line.messages.failed, lang)]


def _message_rows(spans: Sequence[DayCounts], lang: Lang) -> Iterator[list[str]]:
    words, found = WORDS[lang], [figures.messages for figures in spans]
    for kind in _KINDS:
        yield _row(words[kind], [int(getattr(each, kind)) for each in found], lang)
    for name, part in (("delivery_rate", "delivered"), ("read_rate", "read")):
        rates = [percent(share(getattr(each, part), each.sent), lang) if each.sent else words["none"] for each in found]
        yield _uncompared(words[name], rates)


def _talk_rows(spans: Sequence[DayCounts], lang: Lang) -> Iterator[list[str]]:
    words, found = WORDS[lang], [figures.conversations for figures in spans]
    for name in ("opened", "active"):
        yield _row(words[name], [int(getattr(each, name)) if each else 0 for each in found], lang)
    waits = [each.first_response_seconds if each else None for each in found]
    yield _uncompared(
        words["first_response"], [words["none"] if wait is None else duration(wait, lang) for wait in waits]
    )
    handed = [each.handoffs if each else {} for each in found]
    yield _row(words["handoffs"], [sum(each.values()) for each in handed], lang)
    reasons = {reason for each in handed for reason in each}
    for reason in sorted(reasons, key=lambda reason: (-handed[0].get(reason, 0), reason)):
        label = words.get(f"handoff_{reason}", reason)
        yield _row(f"  {label}", [each.get(reason, 0) for each in handed], lang)


def _conversion_rows(spans: Sequence[DayCounts], lang: Lang) -> Iterator[list[str]]:
    words, found = WORDS[lang], [figures.conversions or Conversions(counts={}) for figures in spans]
    usual = ["lead", "qualified_lead", "appointment", "sale"]
    own = sorted({kind for each in found for kind in each.counts} - set(usual))
    for kind in [*usual, *own]:
        label = words.get(f"conversion_{kind}", kind)
        yield _row(label, [each.counts.get(kind, 0) for each in found], lang)
    currencies = sorted({amount.currency for each in found for amount in each.revenue})
    totals = [each.total for each in found]
    below = ""
    if totals[0] and currencies != [totals[0].currency]:
        yield _money_row(words["revenue_total"].format(currency=totals[0].currency), totals, lang)
        below = "  "
    for currency in currencies:
        amounts = [next((amount for amount in each.revenue if amount.currency == currency), None) for each in found]
        yield _money_row(below + words["revenue"].format(currency=currency), amounts, lang)


def _money_row(label: str, amounts: Sequence[Money | None], lang: Lang) -> list[str]:
    cells = [label]
    now = amounts[0].minor if amounts[0] else 0
    for place, amount in enumerate(amounts):
        then = amount.minor if amount else 0
        cells.append(amount_of(amount, lang) if amount else WORDS[lang]["none"])
        if place:
            cells.append(change(now, then, lang) if now >= 0 and then >= 0 else "")
    return cells


def _row(label: str, values: Sequence[int], lang: Lang) -> list[str]:
    cells = [label, number(values[0], lang)]
    for then in values[1:]:
        cells += [number(then, lang), change(values[0], then, lang)]
    return cells


def _uncompared(label: str, values: Sequence[str]) -> list[str]:
    """A row of what is not told as more or less."""
    cells = [label, values[0]]
    for then in values[1:]:
        cells += [then, ""]
    return cells
