"""The instruments of this room."""

from anclora.kit.metrics import counter, gauge

EVENTS = counter("inbound_events", "Webhooks stored, by kind", ("kind",))
POISONED = counter("inbound_poisoned", "Webhooks stored but not applied")
SWEPT = counter("inbound_swept", "Webhooks applied by the sweep, because the short way was cut")
UNAPPLIED_SECONDS = gauge("inbound_unapplied_seconds", "For how long the oldest stored webhook waits to be applied")
