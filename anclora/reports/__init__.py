"""Reports that write themselves: the figures of a closed business day, week or month, drawn in four formats.

`gather` asks the ledger, `render` is a pure function of its answer, `post` hands the result to people.
"""

from anclora.reports.failures import Lang
from anclora.reports.gather import Sources, gather, gather_period
from anclora.reports.model import Day, DayCounts, LongEvery, Period
from anclora.reports.others import conversions_counter, count_incidents, count_talks, overdue_namer, sources_of
from anclora.reports.post import key_of, post
from anclora.reports.render import MIMETYPES, DailyReport, Format, PeriodReport, filename_of, render, report_of
from anclora.reports.schedule import ReportPost, names_of
from anclora.reports.spans import day_of, period_of, spans_of

__all__ = [
    "MIMETYPES",
    "DailyReport",
    "Day",
    "DayCounts",
    "Format",
    "Lang",
    "LongEvery",
    "Period",
    "PeriodReport",
    "ReportPost",
    "Sources",
    "conversions_counter",
    "count_incidents",
    "count_talks",
    "day_of",
    "filename_of",
    "gather",
    "gather_period",
    "key_of",
    "names_of",
    "overdue_namer",
    "period_of",
    "post",
    "render",
    "report_of",
    "sources_of",
    "spans_of",
]
