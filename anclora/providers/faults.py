"""Whose fault a refusal is, by its code: for whoever finds the code in the ledger, where the outcome is no more."""

from anclora.providers.cloud.error_table import MEANINGS
from anclora.providers.contract import Fault
from anclora.providers.evolution.errors import ROWS

_REFUSALS = [(row.code, row.refusal) for row in ROWS] + [(each.name, each.refusal) for each in MEANINGS.values()]
# Neither the provider's fault nor ours: the person's, or the message's own. `not_found` = its file is gone.
THEIRS: frozenset[str] = frozenset(
    code for code, refusal in _REFUSALS if refusal is not None and refusal.fault in (Fault.CALLER, Fault.RECIPIENT)
) | {"not_found", "media_gone"}
