"""The audit trail: who changed what, written in the transaction of the change, so neither exists without the other.

Soon after, each fact is sealed into a chain of hashes, which shows when the past was changed.
"""

from anclora.audit.chain import Head, head_of
from anclora.audit.seal import Sealer
from anclora.audit.trail import Entry, recent, record
from anclora.audit.verify import Verified, verify

__all__ = ["Entry", "Head", "Sealer", "Verified", "head_of", "recent", "record", "verify"]
