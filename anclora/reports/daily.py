"""The daily report in every format: the same figures are the same bytes, whenever and wherever they are drawn. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from anclora.reports.failures import Lang
from anclora.reports.html import html_of
from anclora.reports.md import md_of
from anclora.reports.model import Day
from anclora.reports.page import Action, Page, page_of
from anclora.reports.pdf import pdf_of
from anclora.reports.rules import Suggestion, suggestions

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


def report_of(day: Day, lang: Lang) -> DailyReport:
    """The report for programs."""
    page = page_of(day, lang)
    return DailyReport(day=day, lang=lang, summary=page.summary, suggestions=suggestions(day), actions=page.actions)


def render(day: Day, form: Format, lang: Lang) -> bytes:
    """The report as a file of this format."""
    if form == "json":
        return _json.encode(report_of(day, lang)) + b"\n"
    page: Page = page_of(day, lang)
    if form == "pdf":
        return pdf_of(page)
    return (html_of(page) if form == "html" else md_of(page)).encode()


def filename_of(day: Day, form: Format) -> str:
    """How the file is called: `anclora-2026-01-31.pdf`, with the time when the day is not over."""
    at = f"-{day.until:%H%M}" if day.until else ""
    return f"anclora-{day.date}{at}.{form}"
