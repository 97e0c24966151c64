"""Instruments of the notices."""

from anclora.kit.metrics import counter, gauge, histogram

SECONDS = histogram(
    "notice_seconds",
    "Sending one notice to one target, by outcome: delivered, refused or unknown.",
    (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 90.0),
    ("channel", "outcome"),
)
ENDED = counter("notices_total", "Notices to one target that ended: delivered or failed.", ("channel", "state"))
FAILURES = counter("notify_failures", "Tries to tell one target that did not arrive, or may not have", ("channel",))
SECOND_PATHS = counter(
    "notice_second_paths",
    "Notices that took a second path, because the first was closed or silent",
    ("channel", "instead_of"),
)
UNREACHED = counter("notices_unreached", "Notices that were given up everywhere and reached nobody", ("severity",))
UNDELIVERED = gauge(
    "notices_undelivered", "Notices of the last day that for two minutes and more have reached nobody", ("severity",)
)
