"""The audit trail: who changed what, written in the transaction of the change, so neither exists without the other."""

from anclora.audit.trail import Entry, recent, record

__all__ = ["Entry", "recent", "record"]
