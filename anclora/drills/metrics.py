"""The instruments of this room."""

from anclora.kit.metrics import Figure

LAST_SUCCESS = Figure(
    "dr_drill_last_success_timestamp_seconds",
    "Since when every scenario of the monthly drill has succeeded; before the first time, when this installation began",
)
