"""Tallies: figures that cost a row a batch, and agree with the rows they count to the unit.

Whatever changes a fact appends what it changed (`tally_deltas`) in the same statement, so nobody waits for anybody's
counter. A chore folds these into quarters, hours and days; a figure is folded + not yet folded, read in one statement.
The view `tally_facts` says what a fact is and when it happened; `verify` recounts by it, `mend` makes good.
"""

from anclora.tallies.fold import TallyFold, fold, keep_days_of
from anclora.tallies.mend import mend
from anclora.tallies.model import COUNTERS, Counts, Difference, Sums, Verified, Wanted
from anclora.tallies.read import read, read_on, total
from anclora.tallies.verify import verify

__all__ = [
    "COUNTERS",
    "Counts",
    "Difference",
    "Sums",
    "TallyFold",
    "Verified",
    "Wanted",
    "fold",
    "keep_days_of",
    "mend",
    "read",
    "read_on",
    "total",
    "verify",
]
