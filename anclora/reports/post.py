"""Handing a report to people: a short text, and the whole of it as a file."""

from collections.abc import Sequence
from datetime import date, datetime

from anclora.kit.severity import Severity
from anclora.notify import Attachment, Channels, Notice, Told, tell
from anclora.reports.compose import page_of
from anclora.reports.failures import Lang
from anclora.reports.md import text_of
from anclora.reports.model import Day, Every, Period
from anclora.reports.render import filename_of, render
from anclora.storage.database import Connection


def key_of(every: Every, first: date, until: datetime | None, lang: Lang) -> str:
    """What a report is called among the notices: the same one is posted once to each target.

    Args:
        every: a day, a week or a month.
        first: its first day.
        until: as `Day.until`.
        lang: of its words.
    """
    at = f":{until:%H%M}" if until else ""
    return f"report:{every}:{first}{at}:{lang}"


def notice_of(figures: Day | Period, lang: Lang) -> Notice:
    """The report as a notice."""
    page = page_of(figures, lang)
    file = Attachment(name=filename_of(figures, "pdf"), mimetype="application/pdf", data=render(figures, "pdf", lang))
    if isinstance(figures, Day):
        key = key_of("daily", figures.date, figures.until, lang)
    else:
        key = key_of(figures.every, figures.first, None, lang)
    return Notice(
        title=f"{page.title}: {page.date}",
        text=text_of(page),
        key=key,
        severity=Severity.INFO,
        attachments=[file],
    )


async def post(
    conn: Connection, figures: Day | Period, lang: Lang, names: Sequence[str], channels: Channels, *, now: datetime
) -> Told:
    """Post the report by these channels, in the caller's transaction.

    Raises:
        SetupError: a channel is not configured (`setup`).
    """
    to = {name: channels[name].targets(Severity.INFO) for name in names}
    return await tell(conn, notice_of(figures, lang), to, now=now)
