"""The instruments of this room."""

from anclora.kit.metrics import Figure, counter, gauge

EVALUATED_AT = Figure("alerts_evaluated_timestamp_seconds", "When the built-in watch last looked")
WATCHDOG_AT = gauge("alerts_watchdog_timestamp_seconds", "When Prometheus' watchdog last came to our door; 0 = never")
FIRING = gauge("alerts_firing", "Alerts the built-in watch finds firing", ("severity",))
HEARD = counter("alerts_heard", "Alerts that came by Alertmanager's webhook, by what they say", ("status",))
DIRECT = counter("alerts_direct", "Notices sent without the ledger, since it was away", ("outcome",))
