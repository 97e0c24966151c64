"""Incidents: what is wrong, once however often it is said, from the first signal to the last line of the post-mortem.

A critical one pages the person on call and climbs by two clocks until it is acknowledged and resolved; a warning is
planned in business hours. Silences and maintenance are bounded, and everything anybody does is a line of the timeline.
"""

from anclora.incidents.act import Desk
from anclora.incidents.action import overdue_actions
from anclora.incidents.buttons import Buttons
from anclora.incidents.engine import EscalationEngine, show_last_tick
from anclora.incidents.handover import HandoffAlarm, gather_facts
from anclora.incidents.heartbeat import Heartbeat
from anclora.incidents.intake import Intake
from anclora.incidents.measure import Answered, Load, answered, load
from anclora.incidents.model import Change, Detail, Incident, Quiet, Signal, State
from anclora.incidents.signal import clear_signal, cleared, raise_signal, raised

__all__ = [
    "Answered",
    "Buttons",
    "Change",
    "Desk",
    "Detail",
    "EscalationEngine",
    "HandoffAlarm",
    "Heartbeat",
    "Incident",
    "Intake",
    "Load",
    "Quiet",
    "Signal",
    "State",
    "answered",
    "clear_signal",
    "cleared",
    "gather_facts",
    "load",
    "overdue_actions",
    "raise_signal",
    "raised",
    "show_last_tick",
]
