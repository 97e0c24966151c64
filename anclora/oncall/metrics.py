"""The instruments of this room."""

from anclora.kit.metrics import gauge

UNCOVERED_SECONDS = gauge(
    "oncall_uncovered_seconds_next_7d", "Seconds of the next seven days in which nobody is on call"
)
FINDINGS = gauge("oncall_findings_next_4w", "What the check of the next four weeks finds, by kind", ("kind",))
HANDOFF_WAITING_SECONDS = gauge(
    "oncall_handoff_waiting_seconds", "For how long a hand-off that is due has not been accepted; 0 = none waits"
)
