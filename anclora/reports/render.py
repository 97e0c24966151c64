"""A report in every format: the same figures are the same bytes, whenever and wherever they are drawn. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from anclora.reports.compose import page_of
from anclora.reports.failures import Lang
from anclora.reports.html import html_of
from anclora.reports.md import md_of
from anclora.reports.model import Day, Period
from anclora.reports.page import Action, Page
from anclora.reports.pdf import pdf_of
from anclora.reports.rules import Suggestion, suggestions
from anclora.reports.tables import incidents_said

Format = Literal["md", "html", "json", "pdf"]
MIMETYPES: Mapping[Format, str] = {
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
}
_json = msgspec.json.Encoder(order="deterministic")


class DailyReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report for programs.

    Attributes:
        day: every figure.
        suggestions: what they suggest, as codes and values; `actions` says the same in the language asked for.
    """

    day: Day
    lang: Lang
    summary: str
    suggestions: Sequence[Suggestion]
    actions: Sequence[Action]


class PeriodReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a week or a month for programs; its members as those of a day's.

    Attributes:
        incidents: how they were answered, in a sentence; the figures are in `period`. None = nobody counts them.
    """

    period: Period
    lang: Lang
    summary: str
    suggestions: Sequence[Suggestion]
    actions: Sequence[Action]
    incidents: str | None = None


def report_of(figures: Day | Period, lang: Lang) -> DailyReport | PeriodReport:
    """The report for programs."""
    page, found = page_of(figures, lang), suggestions(figures)
    if isinstance(figures, Day):
        return DailyReport(day=figures, lang=lang, summary=page.summary, suggestions=found, actions=page.actions)
    return PeriodReport(
        period=figures,
        lang=lang,
        summary=page.summary,
        suggestions=found,
        actions=page.actions,
        incidents=incidents_said(figures, lang),
    )


def render(figures: Day | Period, form: Format, lang: Lang) -> bytes:
    """The report as a file of this format."""
    if form == "json":
        return _json.encode(report_of(figures, lang)) + b"\n"
    page: Page = page_of(figures, lang)
    if form == "pdf":
        return pdf_of(page)
    return (html_of(page) if form == "html" else md_of(page)).encode()


def filename_of(figures: Day | Period, form: Format) -> str:
    """How the file is called: `anclora-2026-01-31.pdf`, with the time when the day is not over.

    A week is `anclora-2026-W05.pdf`, as ISO 8601 numbers them; a month `anclora-2026-01.pdf`.
    """
    if isinstance(figures, Day):
        name = str(figures.date) + (f"-{figures.until:%H%M}" if figures.until else "")
    else:
        name = f"{figures.first:%Y-%m}" if figures.every == "monthly" else f"{figures.first:%G-W%V}"
    return f"anclora-{name}.{form}"
