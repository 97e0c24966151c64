"""The instruments of this room."""

from anclora.kit.metrics import Figure, counter

UP = Figure("instance_up", "1 = messages flow through the number, 0 = they do not", ("instance_name",))
CONNECTED = Figure(
    "evolution_instance_connected",
    "The same of the numbers paired through Evolution API (other = the worst of those beyond two hundred)",
    ("instance_name",),
)
FLAPS = counter("instance_flaps", "Changes of the word for a number, every single one", ("instance_name",))
TOLD = counter("instance_events", "Changes of a number that integrators were told", ("status",))
WEBHOOKS_REPAIRED = counter("instance_webhooks_repaired", "Webhooks of numbers that had drifted and were set again")
