"""What happened, for whoever wants to hear of it: features append rows in the transaction of the fact.

Rows say what happened to which subject, and are kept for some days. Only webhooks to integrators read them.
"""

from anclora.events.append import append, appending
from anclora.events.model import EventType, Happened

__all__ = ["EventType", "Happened", "append", "appending"]
