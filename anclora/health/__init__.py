"""Health: whether it is well, what is not, and what that means for the messages.

Every check asks one thing for real, in a bounded time; one table says which of them stop the acceptance of messages and
which only need a look. Whether the process is alive depends on nothing outside it. The same looks feed the metrics.
"""

from anclora.health.checks import Checks, Parts
from anclora.health.figures import Figures
from anclora.health.model import EFFECTS, Check, Checked, Effect, Status
from anclora.health.pulse import Pulse
from anclora.health.rules import overall

__all__ = ["EFFECTS", "Check", "Checked", "Checks", "Effect", "Figures", "Parts", "Pulse", "Status", "overall"]
