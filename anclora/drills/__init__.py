"""Disaster drills: what was rehearsed, how long it took to come back, what was lost, and when the last good one was.

This room judges and remembers. The scenarios themselves need processes and servers to break, so they are played by the
command line (`anclora drill run`), on a private installation that nothing ties to the real one.
"""

from anclora.drills.ledger import Entry, list_drills, record_drill, show_last_success
from anclora.drills.model import MONTHLY, TARGETS, Drill, Scenario, Step, Target
from anclora.drills.rules import failures_of, last_line, worst
from anclora.drills.words import report

__all__ = [
    "MONTHLY",
    "TARGETS",
    "Drill",
    "Entry",
    "Scenario",
    "Step",
    "Target",
    "failures_of",
    "last_line",
    "list_drills",
    "record_drill",
    "report",
    "show_last_success",
    "worst",
]
