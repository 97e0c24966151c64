"""The instruments of this room."""

from anclora.kit.metrics import counter

RECORDED = counter("conversions_recorded", "Conversions recorded, by kind (own = one of your own)", ("kind", "source"))
CHANGED = counter("conversions_changed", "Refunds and corrections of conversions", ("event",))
