"""On call: who is responsible at any moment, and how that passes from one to the next.

A weekly rotation by the wall clock of the business, overrides, swaps and days off; `who` is a pure function of rows and
a moment. A shift is handed over by a document the next person accepts; until then the one before stays responsible.
"""

from anclora.oncall.document import Facts
from anclora.oncall.keep import HandoffKeeper, targets_of
from anclora.oncall.lint import lint
from anclora.oncall.model import Duty, Hours, Layer, OnCall, Person, Roster
from anclora.oncall.roster import hours_of, load_roster, read_roster
from anclora.oncall.rules import who

__all__ = [
    "Duty",
    "Facts",
    "HandoffKeeper",
    "Hours",
    "Layer",
    "OnCall",
    "Person",
    "Roster",
    "hours_of",
    "lint",
    "load_roster",
    "read_roster",
    "targets_of",
    "who",
]
