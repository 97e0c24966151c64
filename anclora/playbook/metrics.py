"""The instruments of this room: of the whole installation, read from the ledger when somebody asks."""

from anclora.kit.metrics import Figure, counter

LAST_RUN = Figure(
    "playbook_last_run_timestamp_seconds",
    "When a routine last ran, or since when it is expected where it never did",
    ("checklist",),
)
MAX_INTERVAL = Figure("playbook_max_interval_seconds", "How old its last run may get", ("checklist",))
FIXES = counter("playbook_fixes", "Safe actions taken, by what became of them", ("action", "result"))
