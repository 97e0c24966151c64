"""API keys: who asks, and what the key may do.

A key is `ak_` and 53 letters and digits: ten that find its row, 43 (256 random bits) that prove it. Only the SHA-256
of the whole is stored; the text is shown once. Checking costs one look-up and one hash in memory. What `Access` knows
is at most five seconds old, so a revoked key stops within that time. Scopes say what a key may do, one word per door;
a key with a role has those that `roles.toml` gives the role, looked up whenever the key is.
"""

from anclora.access.check import Access
from anclora.access.keys import create, list_keys, revoke
from anclora.access.model import BODIES, DUTIES, SCOPES, Caller, Key, NewKey
from anclora.access.roles import scopes_of, table

__all__ = [
    "BODIES",
    "DUTIES",
    "SCOPES",
    "Access",
    "Caller",
    "Key",
    "NewKey",
    "create",
    "list_keys",
    "revoke",
    "scopes_of",
    "table",
]
