"""Deploying and scaling on ECS: what runs, whether it is what was asked for and no worse than what ran before.

Each change is bounded, one at a time, and in the audit trail.
"""

from anclora.deploy.ecs import Ecs
from anclora.deploy.figures import Figures
from anclora.deploy.model import Scaling
from anclora.deploy.rollback import RolledBack, rollback
from anclora.deploy.rotate import Rotated, rotate
from anclora.deploy.rules import Wish
from anclora.deploy.scale import bounds_of, scale
from anclora.deploy.status import Status, status
from anclora.deploy.verify import Verified, verify
from anclora.deploy.wait import Waits

__all__ = [
    "Ecs",
    "Figures",
    "RolledBack",
    "Rotated",
    "Scaling",
    "Status",
    "Verified",
    "Waits",
    "Wish",
    "bounds_of",
    "rollback",
    "rotate",
    "scale",
    "status",
    "verify",
]
