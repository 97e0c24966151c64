"""The instruments of this room."""

from anclora.kit.metrics import Figure, counter, gauge, histogram

OPENED = counter("incidents_opened", "Incidents opened, by severity", ("severity",))
OPEN = gauge("incidents_open", "Incidents that are not resolved, by severity and state", ("severity", "state"))
ACK_SECONDS = histogram(
    "incident_ack_seconds",
    "Counted time until somebody acknowledged, by severity",
    (30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1_800.0, 3_600.0),
    ("severity",),
)
PAGES = counter("incident_pages", "People called, by level and reason", ("level", "why"))
LAST_TICK = Figure(
    "escalation_engine_last_tick_timestamp_seconds", "When the escalation of incidents worked last, in any process"
)
FAILURES = counter("escalation_engine_failures", "Incidents the escalation could not deal with in a round")
HEARTBEATS = counter("escalation_heartbeats", "Heartbeats to ANCLORA_HEARTBEAT_URL, by what came of it", ("result",))
