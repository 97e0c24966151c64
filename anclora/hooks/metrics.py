"""The instruments of this room."""

from anclora.kit.metrics import counter, gauge, histogram

DELIVERIES = counter("hook_deliveries", "Events that ended at a subscription, by end", ("end",))
REQUESTS = counter("hook_requests", "Requests to endpoints, by what came of them", ("result",))
REQUEST_SECONDS = histogram(
    "hook_request_seconds", "How long endpoints took to answer", (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
)
FANNED_OUT = counter("hook_fanned_out", "Deliveries made from events")
PAUSES = counter("hook_pauses", "Subscriptions paused by the program, by cause", ("by",))
WAITING = gauge("hook_waiting", "Events on their way to subscriptions that are not paused")
OLDEST_SECONDS = gauge("hook_oldest_waiting_seconds", "Age of the oldest of them")
PAUSED = gauge("hook_paused", "Subscriptions that are paused, by whom", ("by",))
