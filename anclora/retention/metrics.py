"""The instruments of this room, of the whole installation: read from rows, so that every process says the same."""

from anclora.kit.metrics import Figure

CONFIGURED = Figure("retention_configured", "1 = old months leave the ledger, 0 = nobody asked for it")
OVERDUE = Figure("retention_overdue_months", "Months that should have left the ledger a week ago and are still there")
ROWS = Figure("retention_archived_rows", "Rows that left the ledger, in all")
LAST_SUCCESS = Figure("retention_last_success_timestamp_seconds", "When a month left the ledger last")
