"""What happened, for whoever wants to hear of it: features append rows in the transaction of the fact.

Rows say what happened to which subject, and are kept for some days. Only webhooks to integrators read them. Of what
happens all the time (the states of messages) a row is appended only while some subscription wants its type.
"""

from anclora.events.append import append, appending
from anclora.events.model import EventType, Happened, matches
from anclora.events.wanted import WANTED, Wanted, WantedKeeper

__all__ = ["WANTED", "EventType", "Happened", "Wanted", "WantedKeeper", "append", "appending", "matches"]
