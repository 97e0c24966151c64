"""What we promise, and how much of the allowance of thirty days is left."""

from collections.abc import Iterator

from scripts.dashboards.panel import Board, Kind, Metric, Panel, Unit

# (record, the promise in words, the share that may fail): as in the alert rules.
_PROMISES = (
    ("api_errors", "Requests answered without a fault of ours", 0.001),
    ("dispatch_late", "Messages on their way within 30 s of when they might go", 0.01),
    ("send_failed", "Sends that did not fail for our or the provider's fault", 0.005),
)


def _panels() -> Iterator[Panel]:
    for record, words, allowed in _PROMISES:
        yield Panel(
            title=f"{words}: left of 30 days",
            says=f"{1 - allowed:.1%} is promised. 1 = nothing of the allowance is used, 0 = all of it.",
            unit=Unit.SHARE,
            kind=Kind.STAT,
            week=False,
            asks=[
                Metric(
                    expr=f"1 - avg_over_time(slo:anclora_{record}:ratio_rate5m[30d]) / {allowed}",
                    legend="left",
                ),
            ],
        )
        yield Panel(
            title=f"{words}: speed of use",
            says="1 = the allowance lasts exactly thirty days; over 14.4 for an hour wakes somebody.",
            unit=Unit.TIMES,
            limit=14.4,
            asks=[
                Metric(expr=f"slo:anclora_{record}:ratio_rate5m / {allowed}", legend="5 minutes"),
                Metric(expr=f"slo:anclora_{record}:ratio_rate1h / {allowed}", legend="1 hour"),
                Metric(expr=f"slo:anclora_{record}:ratio_rate6h / {allowed}", legend="6 hours"),
            ],
            width=16,
        )


BOARD = Board(
    uid="slo-dashboard",
    title="Promises",
    says="Service levels over thirty days.",
    panels=tuple(_panels()),
    since="now-7d",
)
