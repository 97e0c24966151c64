"""A run as people read it: a table, the exceptions below it, one line that sums it up. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from anclora.playbook.book import BOOK
from anclora.playbook.model import Check, Result, Run, Verdict
from anclora.playbook.words import COUNTED, EXPECTED, LABELS, VALUES, VERDICTS
from anclora.reports import Lang

_ORDER = (Verdict.FINDING, Verdict.UNKNOWN, Verdict.NOT_CONFIGURED, Verdict.OK)
_NOTHING = "-"


def rows_of(run: Run, lang: Lang, zone: str) -> list[tuple[Verdict, tuple[str, ...]]]:
    """A row a check, in the order of the book: verdict, name, measured, expected, usual, time of day."""
    return [
        (
            result.verdict,
            (
                VERDICTS[lang][result.verdict],
                check.name.of(lang),
                measured(check, result, lang),
                EXPECTED[lang][check.comparison].format(_plain(check.threshold, lang)),
                _NOTHING if result.usual is None else _plain(result.usual, lang),
                f"{result.at.astimezone(ZoneInfo(zone)):%H:%M:%S}",
            ),
        )
        for check, result in paired(run)
    ]


def notes_of(run: Run, lang: Lang, *, all_of_them: bool = False) -> list[tuple[Verdict, str, list[str]]]:
    """What to know about each check that is not green, or about all: verdict, name, lines."""
    return [
        (result.verdict, check.name.of(lang), _lines(check, result, lang, whole=all_of_them))
        for check, result in paired(run)
        if all_of_them or result.verdict is not Verdict.OK
    ]


def summary_of(run: Run, lang: Lang) -> str:
    """`2 findings, 1 unknown, 4 ok`: what is worst first."""
    counts = {verdict: sum(result.verdict is verdict for result in run.results) for verdict in _ORDER}
    words = COUNTED[lang]
    return ", ".join(f"{n} {words[verdict][n != 1]}" for verdict, n in counts.items() if n)


def head_of(run: Run, lang: Lang, zone: str) -> str:
    """`Morning routine, 2026-11-27 10:00 (Europe/Madrid)`."""
    return f"{BOOK[run.checklist].title.of(lang)}, {moment(run.started_at, zone)} ({zone})"


def moment(at: datetime, zone: str) -> str:
    """By the business clock, to the minute."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def measured(check: Check, result: Result, lang: Lang) -> str:
    """The value with its unit."""
    if result.value is None:
        return _NOTHING
    unit = f" {check.unit.of(lang)}" if check.unit and isinstance(result.value, int | float) else ""
    return f"{_plain(result.value, lang)}{unit}"


def paired(run: Run) -> Sequence[tuple[Check, Result]]:
    """Each result with its check; one the book no longer has is left out."""
    checks: Mapping[str, Check] = {check.id: check for check in BOOK[run.checklist].check}
    return [(checks[result.check], result) for result in run.results if result.check in checks]


def _lines(check: Check, result: Result, lang: Lang, *, whole: bool) -> list[str]:
    labels = LABELS[lang]
    lines = [f"{labels['question']}: {check.question.of(lang)}"] if whole else []
    if result.verdict is Verdict.NOT_CONFIGURED:
        lines.append(labels["missing"].format(result.reason))
    elif result.reason:
        lines.append(result.reason)
    lines += result.facts if not whole else [f"{labels['facts']}: {fact}" for fact in result.facts]
    if whole:
        lines += [f"{labels['query']}: {check.query}, {labels['took']} {result.took_ms:.0f} ms"]
        lines += [f"{labels['evidence']}: {check.evidence}"]
    if whole or result.verdict in (Verdict.FINDING, Verdict.UNKNOWN):
        lines.append(f"{labels['runbook']}: docs/{check.runbook} ({labels['owner']} {check.owner})")
        if check.action:
            lines.append(f"{labels['action']}: {check.action} (--fix)")
    return lines


def _plain(value: float | str, lang: Lang) -> str:
    """1,200 and 2.5 in English, 1.200 and 2,5 in Spanish; words of ours in the language."""
    if isinstance(value, str):
        return VALUES[lang].get(value, value)
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    return text.translate(str.maketrans(",.", ".,")) if lang == "es" else text
