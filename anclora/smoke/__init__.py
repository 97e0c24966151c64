"""The smoke test of a running server: each critical path tried once, with one message to a number of ours.

Safe in production: what it sends is marked with a campaign of its own, `SMOKE_CAMPAIGN`, which no figure counts.
"""

from anclora.smoke.model import SMOKE_CAMPAIGN, Asked, Step
from anclora.smoke.run import run

__all__ = ["SMOKE_CAMPAIGN", "Asked", "Step", "run"]
