"""The operator's routines as data: morning, evening, weekly, monthly, before and after a deploy.

`book/*.toml` says what is asked, what is expected, and what to do; `sources` measure, `rules` judge, and every run is a
row with its evidence. What cannot be seen is never green, and says whether it is unknown or not configured.
"""

from anclora.playbook.book import BOOK
from anclora.playbook.ledger import recent_runs, show_last_runs
from anclora.playbook.model import Check, Checklist, Fixed, Plan, Result, Routine, Run, Verdict
from anclora.playbook.post import post
from anclora.playbook.render import head_of, notes_of, rows_of, summary_of
from anclora.playbook.rules import is_red
from anclora.playbook.run import Playbook
from anclora.playbook.schedule import Routines
from anclora.playbook.sources.contract import Parts

__all__ = [
    "BOOK",
    "Check",
    "Checklist",
    "Fixed",
    "Parts",
    "Plan",
    "Playbook",
    "Result",
    "Routine",
    "Routines",
    "Run",
    "Verdict",
    "head_of",
    "is_red",
    "notes_of",
    "post",
    "recent_runs",
    "rows_of",
    "show_last_runs",
    "summary_of",
]
