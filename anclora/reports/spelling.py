"""Numbers, shares, spans of time, money and dates as a language writes them. Pure: no locale of a machine is asked."""

from datetime import date

from anclora.reports.failures import Lang
from anclora.reports.model import Money
from anclora.reports.words import MONTHS, WEEKDAYS, WORDS

MINUS = "\u2212"
_NO_BREAK = "\u00a0"


def number(value: int, lang: Lang) -> str:
    """1.234 or 1,234."""
    return _marked(f"{value:,}", lang)


def percent(value: float, lang: Lang) -> str:
    """93,5 % or 93.5%; a share above 0 never reads as none, one below 1 never as all."""
    shown = round(value * 100, 1)
    if value > 0 and shown == 0:
        shown = 0.1
    elif value < 1 and shown == 100:
        shown = 99.9
    text = _marked(f"{shown:,.1f}".removesuffix(".0"), lang)
    return f"{text}{_NO_BREAK}%" if lang == "es" else f"{text}%"


def change(now: int, before: int, lang: Lang) -> str:
    """How a count differs from another: `+12,5 %`, `igual`, `nuevo` where there was none, a dash for two of none."""
    words = WORDS[lang]
    if now == before:
        return words["same"] if now else words["none"]
    if not before:
        return words["new"]
    sign = "+" if now > before else MINUS
    return sign + percent(abs(now - before) / before, lang)


def amount_of(value: Money, lang: Lang) -> str:
    """1.250,50, without the currency: the row says it."""
    sign, minor = (MINUS if value.minor < 0 else ""), abs(value.minor)
    whole, rest = divmod(minor, 10**value.digits)
    text = f"{whole:,}" + (f".{rest:0{value.digits}d}" if value.digits else "")
    return sign + _marked(text, lang)


def duration(seconds: float, lang: Lang) -> str:
    """45 s, 12 min, 3 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{number(whole, lang)}{_NO_BREAK}s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes}{_NO_BREAK}min"
    return f"{number(minutes // 60, lang)}{_NO_BREAK}h{_NO_BREAK}{minutes % 60:02d}{_NO_BREAK}min"


def long_date(day: date, lang: Lang) -> str:
    """Jueves, 26 de noviembre de 2026, or Thursday, 26 November 2026."""
    weekday, month = WEEKDAYS[lang][day.weekday()], MONTHS[lang][day.month - 1]
    if lang == "es":
        return f"{weekday}, {day.day} de {month} de {day.year}"
    return f"{weekday}, {day.day} {month} {day.year}"


def short_date(day: date, lang: Lang) -> str:
    """Jueves, 26 de noviembre, or Thursday, 26 November; in the middle of a sentence."""
    weekday, month = WEEKDAYS[lang][day.weekday()], MONTHS[lang][day.month - 1]
    return f"{weekday}, {day.day} de {month}" if lang == "es" else f"{weekday}, {day.day} {month}"


def short_day(day: date, lang: Lang) -> str:
    """Jue 26, or Thu 26."""
    return f"{WEEKDAYS[lang][day.weekday()][:3]}{_NO_BREAK}{day.day}"


def long_month(day: date, lang: Lang) -> str:
    """Noviembre de 2026, or November 2026."""
    month = MONTHS[lang][day.month - 1]
    return f"{month} de {day.year}" if lang == "es" else f"{month} {day.year}"


def long_week(first: date, last: date, lang: Lang) -> str:
    """Semana 48: del 23 al 29 de noviembre de 2026, or Week 48: 23 to 29 November 2026; numbered as ISO 8601 does."""
    begin, end = str(first.day), f"{last.day} {_of(lang)}{long_month(last, lang)}"
    if first.month != last.month:
        begin += f" {_of(lang)}{MONTHS[lang][first.month - 1]}"
    if first.year != last.year:
        begin = f"{first.day} {_of(lang)}{long_month(first, lang)}"
    week = first.isocalendar().week
    return f"semana {week}: del {begin} al {end}" if lang == "es" else f"week {week}: {begin} to {end}"


def capital(text: str) -> str:
    """With a capital letter first."""
    return text[:1].upper() + text[1:]


def _of(lang: Lang) -> str:
    return "de " if lang == "es" else ""


def _marked(text: str, lang: Lang) -> str:
    return text.translate({ord(","): ".", ord("."): ","}) if lang == "es" else text
