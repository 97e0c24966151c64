"""A round may last as long as the statements in it: one that is cut off before them would begin anew for ever."""

from anclora.reports import ReportPost
from anclora.reports.gather import LONGEST_SECONDS
from anclora.tallies import TallyFold
from anclora.tallies.fold import REBUILD_SECONDS

STATEMENTS_OF_A_REBUILD = 2
REPORTS_OF_A_MONDAY_THE_FIRST = 3


def test_days_of_another_zone_can_be_made_anew_in_one_round() -> None:
    assert TallyFold.round_timeout_seconds > STATEMENTS_OF_A_REBUILD * REBUILD_SECONDS


def test_every_report_that_is_due_can_be_gathered_in_one_round() -> None:
    assert ReportPost.round_timeout_seconds > REPORTS_OF_A_MONDAY_THE_FIRST * LONGEST_SECONDS
