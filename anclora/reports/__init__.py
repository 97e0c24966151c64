"""Reports that write themselves: the figures of a closed business day, counted row by row, drawn in four formats.

`gather` asks the ledger, `render` is a pure function of its answer, `post` hands the result to people.
"""

from anclora.reports.daily import MIMETYPES, DailyReport, Format, filename_of, render, report_of
from anclora.reports.failures import Lang
from anclora.reports.gather import Sources, gather
from anclora.reports.model import Day
from anclora.reports.post import key_of, post
from anclora.reports.schedule import DailyPost, names_of
from anclora.reports.spans import day_of, spans_of

__all__ = [
    "MIMETYPES",
    "DailyPost",
    "DailyReport",
    "Day",
    "Format",
    "Lang",
    "Sources",
    "day_of",
    "filename_of",
    "gather",
    "key_of",
    "names_of",
    "post",
    "render",
    "report_of",
    "spans_of",
]
