"""A day, a week or a month put on a page: in one language, before any format. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date

from anclora.reports.failures import Lang, meaning_of
from anclora.reports.model import Conversions, Counts, Day, Every, Period
from anclora.reports.page import Action, Chart, Page, Tile, Tone
from anclora.reports.rules import Suggestion, share, suggestions
from anclora.reports.spelling import (
    amount_of,
    capital,
    change,
    long_date,
    long_month,
    long_week,
    number,
    percent,
    short_date,
    short_day,
)
from anclora.reports.tables import day_tables, period_tables
from anclora.reports.words import WEEKDAYS, WORDS


def page_of(figures: Day | Period, lang: Lang) -> Page:
    """A page of these figures."""
    words = WORDS[lang]
    if isinstance(figures, Day):
        every: Every = "daily"
        now, then = figures.today, figures.week_before
        against = words["against_week"].format(weekday=WEEKDAYS[lang][figures.date.weekday()])
        until, when = figures.until, long_date(figures.date, lang)
        charts, tables = _hour_charts(figures, lang), day_tables(figures, lang)
    else:
        every, now, then, until = figures.every, figures.now, figures.before, None
        against = words[f"against_{every}"]
        when = long_month(figures.first, lang) if every == "monthly" else long_week(figures.first, figures.last, lang)
        charts, tables = _day_charts(figures, lang), period_tables(figures, lang)
    found = [_action(each, every, lang) for each in suggestions(figures)]
    return Page(
        lang=lang,
        title=words[f"title_{every}"],
        date=capital(when),
        summary=words[f"empty_{every}"] if now.messages.empty else _summary(now.messages, lang),
        warning=words["so_far"].format(time=f"{until:%H:%M}") if until else None,
        tiles=_tiles(now.messages, then.messages, against, lang),
        actions_title=words["actions"],
        actions=found or [Action(text=words["no_actions"])],
        charts=list(charts),
        tables=list(tables),
        notes=[*_notes(figures, now.conversions, lang), words[f"counted_{every}"].format(timezone=figures.timezone)],
    )


def _summary(counts: Counts, lang: Lang) -> str:
    values = {name: number(getattr(counts, name), lang) for name in counts.__struct_fields__}
    return WORDS[lang]["summary"].format(**values, delivery_rate=percent(share(counts.delivered, counts.sent), lang))


def _tiles(now: Counts, then: Counts, against: str, lang: Lang) -> list[Tile]:
    words = WORDS[lang]

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


def _hour_charts(day: Day, lang: Lang) -> Iterator[Chart]:
    labels = [f"{hour.starts_at:%H:%M}" for hour in day.hours]
    for name in ("sent", "received"):
        values = [int(getattr(hour, name)) for hour in day.hours]
        if any(values):
            yield _chart(f"hours_{name}", WORDS[lang]["chart"], labels, labels, values, lang)


def _day_charts(period: Period, lang: Lang) -> Iterator[Chart]:
    by_number = period.every == "monthly"
    labels = [str(line.date.day) if by_number else capital(short_day(line.date, lang)) for line in period.days]
    names = [short_date(line.date, lang) for line in period.days]
    for name in ("sent", "received"):
        values = [int(getattr(line.messages, name)) for line in period.days]
        beside = [int(getattr(line.week_before, name)) for line in period.days]
        if any(values):
            yield _chart(f"days_{name}", WORDS[lang]["chart_days"], labels, names, values, lang, beside)


def _chart(
    name: str,
    sentence: str,
    labels: Sequence[str],
    names: Sequence[str],
    values: Sequence[int],
    lang: Lang,
    beside: Sequence[int] = (),
) -> Chart:
    """Bars under short labels; the highest is called by its name."""
    title, most = WORDS[lang][name], max(values)
    said = sentence.format(
        title=title, count=number(sum(values), lang), when=names[values.index(most)], most=number(most, lang)
    )
    return Chart(title=title, alt=said, labels=labels, values=values, beside=beside)


def _action(found: Suggestion, every: Every, lang: Lang) -> Action:
    values = {"ago": WORDS[lang][f"ago_{every}"]}
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
    if "day" in values:
        values["day"] = short_date(date.fromisoformat(values["day"]), lang)
    return Action(text=capital(WORDS[lang][f"do_{found.code}"].format(**values)), command=found.command)


def _notes(figures: Day | Period, conversions: Conversions | None, lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    if figures.tries.count:
        tries = {name: number(getattr(figures.tries, name), lang) for name in figures.tries.__struct_fields__}
        yield words["tries"].format(**tries)
    if figures.dead:
        yield words["dead"].format(count=number(figures.dead, lang))
    if conversions and conversions.total and conversions.unconverted:
        sums = ", ".join(f"{amount_of(each, lang)} {each.currency}" for each in conversions.unconverted)
        yield words["unconverted"].format(sums=sums, currency=conversions.total.currency)
