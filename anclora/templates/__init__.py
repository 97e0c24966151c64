"""Templates: texts Meta approved, which alone may open a conversation.

The provider keeps them; we keep what it said last. `sync` reads all of them, `told` applies what its events say in
between, `listing` shows them. A change of status is told to integrators, once.
"""

from anclora.templates.listing import listing
from anclora.templates.model import TemplateView
from anclora.templates.sync import Synced, TemplateSync, sync
from anclora.templates.told import told

__all__ = ["Synced", "TemplateSync", "TemplateView", "listing", "sync", "told"]
