"""Capacity: what this installation can send, which ceiling binds, when it is reached, and what to do about it.

Ceilings come from the last bench file (with its commit and date) and from the limits of the numbers; what neither
says is "not measured", never a constant. The forecast is made from the hourly tallies of the ledger.
"""

from anclora.capacity.bench import read_bench
from anclora.capacity.draw import chart_of
from anclora.capacity.gather import advise, foresee, report, show_capacity, what_if
from anclora.capacity.model import Advice, CapacityReport, Foresight, Step, WhatIf
from anclora.capacity.moment import moment_of

__all__ = [
    "Advice",
    "CapacityReport",
    "Foresight",
    "Step",
    "WhatIf",
    "advise",
    "chart_of",
    "foresee",
    "moment_of",
    "read_bench",
    "report",
    "show_capacity",
    "what_if",
]
