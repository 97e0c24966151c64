"""The instruments of this room."""

from anclora.kit.metrics import counter, gauge

EVENTS = counter("inbound_events", "Webhooks stored, by kind", ("kind",))
POISONED = counter("inbound_poisoned", "Webhooks stored but not applied")
SWEPT = counter("inbound_swept", "Webhooks applied by the sweep, because the short way was cut")
UNAPPLIED_SECONDS = gauge("inbound_unapplied_seconds", "For how long the oldest stored webhook waits to be applied")
HEARD = counter(
    "inbound_heard", "What people said and was new, by direction (in, phone) and kind", ("direction", "kind")
)
REPLAYED = counter("inbound_replayed", "Stored webhooks read and applied again")
FETCHED = counter("inbound_media", "Files people sent that were asked for: fetched, kept, or why not", ("result",))
PRUNED = counter("inbound_pruned", "Rows past their time that were removed", ("what",))
DRIFT = counter("inbound_drift", "Members of webhooks this version does not know, each once", ("event",))
GAPS = counter("inbound_gaps", "Spans in which events may have been lost, by why", ("why",))
RECOVERED = counter("inbound_recovered", "What a look-up showed and no webhook had told", ("what",))
