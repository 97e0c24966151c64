"""Handing the daily report to people: a short text, and the whole of it as a file."""

from collections.abc import Sequence
from datetime import date, datetime

from anclora.notify import Attachment, Channels, Notice, Severity, Told, tell
from anclora.reports.daily import filename_of, render
from anclora.reports.failures import Lang
from anclora.reports.md import text_of
from anclora.reports.model import Day
from anclora.reports.page import page_of
from anclora.storage.database import Connection


def key_of(day: date, until: datetime | None, lang: Lang) -> str:
    """What a report is called among the notices: the same one is posted once to each target.

    Args:
        day: of the report.
        until: as `Day.until`.
        lang: of its words.
    """
    at = f":{until:%H%M}" if until else ""
    return f"report:daily:{day}{at}:{lang}"


def notice_of(day: Day, lang: Lang) -> Notice:
    """The report as a notice."""
    page = page_of(day, lang)
    file = Attachment(name=filename_of(day, "pdf"), mimetype="application/pdf", data=render(day, "pdf", lang))
    return Notice(
        title=f"{page.title}: {page.date}",
        text=text_of(page),
        key=key_of(day.date, day.until, lang),
        severity=Severity.INFO,
        attachments=[file],
    )


async def post(
    conn: Connection, day: Day, lang: Lang, names: Sequence[str], channels: Channels, *, now: datetime
) -> Told:
    """Post the report by these channels, in the caller's transaction.

    Raises:
        SetupError: a channel is not configured (`setup`).
    """
    to = {name: channels[name].targets(Severity.INFO) for name in names}
    return await tell(conn, notice_of(day, lang), to, now=now)
