"""The instruments of this room. NaN = not measured: the series is there, and no comparison with it is true."""

from anclora.kit.metrics import Figure

MEASURED = Figure(
    "capacity_measured_msgs_per_second",
    "The lowest ceiling that is known: of the last bench file and of what the numbers may send; NaN = none is",
)
PEAK = Figure(
    "capacity_forecast_peak_msgs_per_second",
    "The busiest hour of the days to come, its mean; NaN = there is no forecast yet",
    ("horizon", "quantile"),
)
COST = Figure(
    "aws_cost_forecast_month_usd",
    "What this month will cost when messages cost what they did in the last reviewed month; NaN = nobody knows",
)
BUDGET = Figure("aws_budget_month_usd", "What a month may cost (ANCLORA_COSTS_MONTH_LIMIT); NaN = nobody said")
