"""Instruments of the notices."""

from anclora.kit.metrics import counter, histogram

SECONDS = histogram(
    "notice_seconds",
    "Sending one notice to one target, by outcome: delivered, refused or unknown.",
    (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 90.0),
    ("channel", "outcome"),
)
ENDED = counter("notices_total", "Notices to one target that ended: delivered or failed.", ("channel", "state"))
