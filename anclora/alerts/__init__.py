"""Alerts: what is worth waking somebody for, said once as data, and watched by two who do not need each other.

The catalogue makes the rules of Prometheus, their tests, Alertmanager's routes and a runbook page for each alert. What
Prometheus finds comes in by its webhook; where there is none, the built-in watch looks at the ledger, Redis and this
machine for the essential part, with the same names, severities and patience. Both become signals under one fingerprint.
Unknown is red: a figure that is gone is an alert of its own.
"""

from anclora.alerts.catalogue import BLIND, CATALOGUE, find, read_up
from anclora.alerts.direct import DirectWay
from anclora.alerts.evaluate import Evaluator, show_last_look
from anclora.alerts.facts import Look
from anclora.alerts.hear import AlertmanagerPost, Taken, hear
from anclora.alerts.links import Links
from anclora.alerts.model import Alert
from anclora.alerts.read import AlertDetail, AlertList, AlertView, show, show_all
from anclora.alerts.signals import LoggedSignals, Signals

__all__ = [
    "BLIND",
    "CATALOGUE",
    "Alert",
    "AlertDetail",
    "AlertList",
    "AlertView",
    "AlertmanagerPost",
    "DirectWay",
    "Evaluator",
    "Links",
    "LoggedSignals",
    "Look",
    "Signals",
    "Taken",
    "find",
    "hear",
    "read_up",
    "show",
    "show_all",
    "show_last_look",
]
