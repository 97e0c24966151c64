"""The instruments of this room."""

from anclora.kit.metrics import counter, gauge, histogram

ACCEPTED = counter("messages_accepted", "Messages committed to the ledger")
FINISHED = counter("messages_finished", "Results stored, by what they made of the message", ("state",))
INTENTS = counter("dispatch_intents", "Answers of the intent, by verdict", ("verdict",))
TYPING = counter("typing_shown", "Messages before which typing was to be shown, by how that went", ("result",))
GIVEN_BACK = counter("dispatch_given_back", "Messages returned to the queue before a request was started")
DUPLICATE_SENDS = counter("duplicate_send", "Late successes of an attempt whose message had gone out again")
RESTS = counter("refusal_rests", "Rests that a refusal asked for, by what rests", ("scope",))
RESOLVED = counter("unknown_resolved", "Doubts ended, by how", ("how",))
UNRESOLVED = gauge("unknown_messages", "Messages in doubt now")
OLDEST_UNKNOWN = gauge("unknown_oldest_seconds", "For how long the oldest message in doubt has been so")
STALLED = gauge("stalled_messages", "Sent messages that WhatsApp did not acknowledge in time", ("instance_name",))
ORPHANS = counter("orphaned_messages", "Messages whose worker stopped while sending them")
REQUEUED = counter("reconciled_items", "Due messages that were missing in their lane")
STRAYS = counter("stray_items", "Items of a lane that were no waiting message any more")
READMITTED = counter("readmitted_messages", "Held messages let in again")
MENDS = counter("mends", "Remedies begun for numbers", ("remedy",))
MENDED = counter("mends_ended", "How remedies ended; stopped = given up, person = only a person can", ("result",))
BATCH = histogram(
    "dispatch_batch_seconds",
    "One round of intents or results",
    (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0),
    ("step",),
)
ENDED = counter(
    "messages",
    "Messages that ended, by outcome (sent, failed = refused for good or given up, blocked, expired, canceled) and "
    "whose fault it is (none, recipient = the person or the message itself, provider, platform = ours)",
    ("outcome", "fault"),
)
BURIED = counter("dlq_messages", "Messages given up, by reason", ("reason",))
LATENCY = histogram(
    "dispatch_latency_seconds",
    "From when a message could go (due, and let go by order, limits, quiet hours, pauses) to the answer that took it",
    (0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)
PROCESSING = histogram(
    "processing_duration_seconds",
    "From the right to send a message to the end of its request",
    (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60),
)
MISSING = gauge("reconcile_missing_in_redis", "Due messages the last comparison did not find in their lane")
ORPHANED = gauge("reconcile_orphan_in_redis", "Items of lanes that the last comparison found to be no message any more")
