"""The instruments of this room."""

from anclora.kit.metrics import counter, gauge, histogram

ACCEPTED = counter("messages_accepted", "Messages committed to the ledger")
FINISHED = counter("messages_finished", "Results stored, by what they made of the message", ("state",))
INTENTS = counter("dispatch_intents", "Answers of the intent, by verdict", ("verdict",))
GIVEN_BACK = counter("dispatch_given_back", "Messages returned to the queue before a request was started")
DUPLICATE_SENDS = counter("duplicate_send", "Late successes of an attempt whose message had gone out again")
RESTS = counter("refusal_rests", "Rests that a refusal asked for, by what rests", ("scope",))
RESOLVED = counter("unknown_resolved", "Doubts ended, by how", ("how",))
UNRESOLVED = gauge("unknown_messages", "Messages in doubt now")
OLDEST_UNKNOWN = gauge("unknown_oldest_seconds", "For how long the oldest message in doubt has been so")
STALLED = gauge("stalled_messages", "Sent messages that WhatsApp did not acknowledge in time", ("instance",))
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
ACCEPT_TO_SENT = histogram(
    "accepted_to_sent_seconds", "From due to sent", (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
)
