"""Keeping dependencies fresh: what is locked beside what is newest, and a new lock in a branch, proved by the tests.

Nothing here touches what runs, or the branch one stands on: a new lock is made, tested and committed in a work tree of
its own, and reaches others as a branch and a pull request: staging, the review and the merge are left to people.
"""

from anclora.deps.model import Locked, Row, Step
from anclora.deps.outdated import outdated
from anclora.deps.pull import Hub
from anclora.deps.update import Updated, update

__all__ = ["Hub", "Locked", "Row", "Step", "Updated", "outdated", "update"]
