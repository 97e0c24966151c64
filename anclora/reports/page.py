"""The report as a page: words and figures in one language, before any format. Pure."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from anclora.reports.failures import Lang, meaning_of
from anclora.reports.model import Conversions, Day, DayCounts
from anclora.reports.rules import Suggestion, share, suggestions
from anclora.reports.spelling import amount_of, change, duration, long_date, number, percent
from anclora.reports.words import WEEKDAYS, WORDS

Tone = Literal["good", "bad", "plain"]
COMPARED = "±"  # the head of a column that says how much more or less


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, large, and how it compares."""

    label: str
    value: str
    below: str
    tone: Tone = "plain"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table. `words` = how many columns from the left hold words; the others hold figures, or `tail` words again."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    tail: int = 0


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Bars, and the sentence that says the same to whoever cannot see them."""

    title: str
    alt: str
    labels: Sequence[str]
    values: Sequence[int]


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


def page_of(day: Day, lang: Lang) -> Page:
    """A day on a page."""
    words = WORDS[lang]
    today = day.today.messages
    found = [_action(each, lang) for each in suggestions(day)]
    return Page(
        lang=lang,
        title=words["title"],
        date=_capital(long_date(day.date, lang)),
        summary=words["empty"] if today.empty else _summary(day, lang),
        warning=words["so_far"].format(time=f"{day.until:%H:%M}") if day.until else None,
        tiles=_tiles(day, lang),
        actions_title=words["actions"],
        actions=found or [Action(text=words["no_actions"])],
        charts=list(_charts(day, lang)),
        tables=list(_tables(day, lang)),
        notes=_notes(day, lang),
    )


def _summary(day: Day, lang: Lang) -> str:
    counts = day.today.messages
    values = {name: number(getattr(counts, name), lang) for name in counts.__struct_fields__}
    return WORDS[lang]["summary"].format(**values, delivery_rate=percent(share(counts.delivered, counts.sent), lang))


def _tiles(day: Day, lang: Lang) -> list[Tile]:
    words, now, then = WORDS[lang], day.today.messages, day.week_before.messages
    against = words["against_week"].format(weekday=WEEKDAYS[lang][day.date.weekday()])

    def tile(kind: str, *, more_is: Tone) -> Tile:
        value, before = int(getattr(now, kind)), int(getattr(then, kind))
        less_is: Tone = {"good": "bad", "bad": "good"}.get(more_is, "plain")  # pyright: ignore[reportAssignmentType]
        tone: Tone = "plain" if value == before else more_is if value > before else less_is
        return Tile(
            label=words[kind],
            value=number(value, lang),
            below=f"{change(value, before, lang)} {against}" if value or before else "",
            tone=tone,
        )

    return [
        tile("sent", more_is="plain"),
        tile("delivered", more_is="good"),
        tile("read", more_is="good"),
        tile("received", more_is="plain"),
        tile("failed", more_is="bad"),
    ]


def _charts(day: Day, lang: Lang) -> Iterator[Chart]:
    words, labels = WORDS[lang], [f"{hour.starts_at:%H:%M}" for hour in day.hours]
    kinds = {"hours_sent": [hour.sent for hour in day.hours], "hours_received": [hour.received for hour in day.hours]}
    for name, values in kinds.items():
        if any(values):
            title, most = words[name], max(values)
            hour = labels[values.index(most)]
            alt = words["chart"].format(
                title=title, count=number(sum(values), lang), hour=hour, most=number(most, lang)
            )
            yield Chart(title=title, alt=alt, labels=labels, values=values)


def _tables(day: Day, lang: Lang) -> Iterator[Table]:
    words = WORDS[lang]
    week = words["week_before"].format(weekday=_capital(WEEKDAYS[lang][day.date.weekday()]))
    head = (words["today"], words["yesterday"], COMPARED, week, COMPARED)
    three = (day.today, day.yesterday, day.week_before)
    yield Table(title=words["messages"], head=(words["messages"], *head), rows=list(_message_rows(three, lang)))
    if day.today.conversations is not None:
        title = words["conversations"]
        yield Table(title=title, head=(title, *head), rows=list(_talk_rows(three, lang)))
    if day.today.conversions is not None:
        title = words["conversions"]
        yield Table(title=title, head=(title, *head), rows=list(_conversion_rows(three, lang)))
    if len(day.numbers) > 1:
        kinds = ("sent", "delivered", "read", "received", "failed")
        rows = [
            [each.name, *(number(int(getattr(each.messages, kind)), lang) for kind in kinds)] for each in day.numbers
        ]
        yield Table(title=words["numbers"], head=(words["number"], *(words[kind] for kind in kinds)), rows=rows)
    if day.failures:
        rows = [
            [meaning.what, number(each.count, lang), ", ".join(each.numbers), meaning.do]
            for each in day.failures
            for meaning in [meaning_of(each.code, lang)]
        ]
        head = (words["reason"], words["count"], words["where"], words["do"])
        yield Table(title=words["failures"], head=head, rows=rows, tail=2)


def _message_rows(three: Sequence[DayCounts], lang: Lang) -> Iterator[list[str]]:
    words, found = WORDS[lang], [figures.messages for figures in three]
    for kind in ("sent", "delivered", "read", "received", "failed"):
        yield _row(words[kind], [int(getattr(each, kind)) for each in found], lang)
    for name, part in (("delivery_rate", "delivered"), ("read_rate", "read")):
        rates = [percent(share(getattr(each, part), each.sent), lang) if each.sent else words["none"] for each in found]
        yield [words[name], rates[0], rates[1], "", rates[2], ""]


def _talk_rows(three: Sequence[DayCounts], lang: Lang) -> Iterator[list[str]]:
    words, found = WORDS[lang], [figures.conversations for figures in three]
    for name in ("opened", "active"):
        yield _row(words[name], [int(getattr(each, name)) if each else 0 for each in found], lang)
    waits = [each.first_response_seconds if each else None for each in found]
    shown = [words["none"] if wait is None else duration(wait, lang) for wait in waits]
    yield [words["first_response"], shown[0], shown[1], "", shown[2], ""]
    handed = [each.handoffs if each else {} for each in found]
    yield _row(words["handoffs"], [sum(each.values()) for each in handed], lang)
    reasons = {reason for each in handed for reason in each}
    for reason in sorted(reasons, key=lambda reason: (-handed[0].get(reason, 0), reason)):
        label = words.get(f"handoff_{reason}", reason)
        yield _row(f"  {label}", [each.get(reason, 0) for each in handed], lang)


def _conversion_rows(three: Sequence[DayCounts], lang: Lang) -> Iterator[list[str]]:
    words, found = WORDS[lang], [figures.conversions or Conversions(counts={}) for figures in three]
    usual = ["lead", "qualified_lead", "appointment", "sale"]
    own = sorted({kind for each in found for kind in each.counts} - set(usual))
    for kind in [*usual, *own]:
        label = words.get(f"conversion_{kind}", kind)
        yield _row(label, [each.counts.get(kind, 0) for each in found], lang)
    for currency in sorted({amount.currency for each in found for amount in each.revenue}):
        amounts = [next((amount for amount in each.revenue if amount.currency == currency), None) for each in found]
        shown = [amount_of(each, lang) if each else words["none"] for each in amounts]
        minor = [amount.minor if amount else 0 for amount in amounts]
        label = words["revenue"].format(currency=currency)
        compared = [change(minor[0], each, lang) if each >= 0 and minor[0] >= 0 else "" for each in minor[1:]]
        yield [label, shown[0], shown[1], compared[0], shown[2], compared[1]]


def _row(label: str, values: Sequence[int], lang: Lang) -> list[str]:
    now, yesterday, week = values
    return [
        label,
        number(now, lang),
        number(yesterday, lang),
        change(now, yesterday, lang),
        number(week, lang),
        change(now, week, lang),
    ]


def _action(found: Suggestion, lang: Lang) -> Action:
    values: dict[str, str] = {}
    for name, value in found.values.items():
        if isinstance(value, float):
            values[name] = percent(value, lang)
        elif isinstance(value, int):
            values[name] = number(value, lang)
        else:
            values[name] = value
    if "reason" in values:
        meaning = meaning_of(values["reason"], lang)
        values |= {"reason": meaning.what[:1].lower() + meaning.what[1:], "do": meaning.do}
    return Action(text=WORDS[lang][f"do_{found.code}"].format(**values), command=found.command)


def _notes(day: Day, lang: Lang) -> list[str]:
    words = WORDS[lang]
    tries = {name: number(getattr(day.tries, name), lang) for name in day.tries.__struct_fields__}
    notes = [words["tries"].format(**tries)] if day.tries.count else []
    if day.dead:
        notes.append(words["dead"].format(count=number(day.dead, lang)))
    return [*notes, words["counted"].format(timezone=day.timezone)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
