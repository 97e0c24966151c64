"""API keys: who asks, and what the key may do.

A key is `ak_` and 53 letters and digits: ten that find its row, 43 (256 random bits) that prove it. Only the SHA-256
of the whole is stored; the text is shown once. Checking costs one look-up and one hash in memory. What `Access` knows
is at most five seconds old, so a revoked key stops within that time. Scopes say what a key may do, one word per door.
"""

from anclora.access.check import Access
from anclora.access.keys import create, list_keys, revoke
from anclora.access.model import SCOPES, Caller, Key, NewKey

__all__ = ["SCOPES", "Access", "Caller", "Key", "NewKey", "create", "list_keys", "revoke"]
