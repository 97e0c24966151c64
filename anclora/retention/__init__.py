"""Retention of the ledger: a month past its days goes to Parquet, is proved there, and only then leaves.

Messages and their attempts lie in partitions by months. A month goes whole or not at all: only when every message in it
is final and nothing refers to it, once its files were brought back from the target and hold what the ledger holds, and
in one transaction with the sums that figures are recounted from. So figures say the same before and after.
"""

from anclora.retention.house import House, open_house
from anclora.retention.ledger import archived, overdue, show_retention
from anclora.retention.model import Archived, Due
from anclora.retention.plan import plan
from anclora.retention.run import archive_due
from anclora.retention.schedule import RetentionChore

__all__ = [
    "Archived",
    "Due",
    "House",
    "RetentionChore",
    "archive_due",
    "archived",
    "open_house",
    "overdue",
    "plan",
    "show_retention",
]
