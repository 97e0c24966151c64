"""Is what was accepted going out, and how fast?"""

from scripts.dashboards.panel import Board, Kind, Metric, Panel, Unit

_LATENCY = "sum by (le) (rate(anclora_dispatch_latency_seconds_bucket[$__rate_interval]))"
_DURATION = "sum by (le) (rate(anclora_provider_request_seconds_bucket[$__rate_interval]))"

BOARD = Board(
    uid="queue-dashboard",
    title="Queue",
    says="What waits, what goes out, how late, and what failed.",
    panels=(
        Panel(
            title="Throughput",
            says="Messages that were finished in a second, by how they ended.",
            unit=Unit.PER_SECOND,
            row="Throughput (messages/sec)",
            asks=[
                Metric(expr="sum by (outcome) (rate(anclora_messages_total[$__rate_interval]))", legend="{{outcome}}"),
            ],
        ),
        Panel(
            title="Latency P95 and P99",
            says="From the moment a message may go (due, let go by pacing, order and pauses) to the provider's answer. "
            "Waiting that was asked for is no latency.",
            unit=Unit.SECONDS,
            row="Latency P95/P99",
            limit=0.2,
            asks=[
                Metric(expr=f"histogram_quantile(0.95, {_LATENCY})", legend="p95"),
                Metric(expr=f"histogram_quantile(0.99, {_LATENCY})", legend="p99"),
            ],
        ),
        Panel(
            title="Queue depth",
            says="Waiting = lacking only a free worker; active = being sent; dlq = dead letters.",
            unit=Unit.COUNT,
            row="Queue depth (waiting/active/DLQ)",
            limit=1000,
            asks=[
                Metric(
                    expr='sum by (state) (max by (queue, state) (anclora_queue_depth{state=~"waiting|active|dlq"}))',
                    legend="{{state}}",
                ),
            ],
        ),
        Panel(
            title="Error rate",
            says="Share of what finished in the last five minutes that failed for our or the provider's fault.",
            unit=Unit.SHARE,
            row="Error rate",
            limit=0.05,
            asks=[Metric(expr="max(anclora_error_rate)", legend="failed")],
        ),
        Panel(
            title="Processing duration",
            says="How long the provider took to answer one request.",
            unit=Unit.SECONDS,
            row="Processing duration",
            asks=[
                Metric(expr=f"histogram_quantile(0.5, {_DURATION})", legend="p50"),
                Metric(expr=f"histogram_quantile(0.95, {_DURATION})", legend="p95"),
            ],
        ),
        Panel(
            title="Processing duration, all of it",
            says="The same as a picture of every request: a second band above the first is a slow half of the traffic.",
            unit=Unit.SECONDS,
            kind=Kind.HEATMAP,
            week=False,
            asks=[
                Metric(
                    expr="sum by (le) (increase(anclora_provider_request_seconds_bucket[$__rate_interval]))",
                    legend="{{le}}",
                ),
            ],
        ),
        Panel(
            title="Oldest that waits",
            says="Age of the oldest message that lacks only a free worker.",
            unit=Unit.SECONDS,
            limit=300,
            asks=[Metric(expr="max(anclora_queue_oldest_age_seconds)", legend="oldest")],
        ),
        Panel(
            title="Not yet to go",
            says="Delayed = pacing, order or pause; held = quiet hours and other gates; scheduled = later.",
            unit=Unit.COUNT,
            asks=[
                Metric(
                    expr="sum by (state) (max by (queue, state) "
                    '(anclora_queue_depth{state=~"delayed|held|scheduled"}))',
                    legend="{{state}}",
                ),
            ],
        ),
        Panel(
            title="In doubt",
            says="Messages of which nobody knows yet whether they went out; evidence ends it, never a guess.",
            unit=Unit.COUNT,
            asks=[Metric(expr="max(anclora_unknown_messages)", legend="unknown")],
        ),
        Panel(
            title="Failures by reason",
            says="What providers answered instead of taking a message, a second.",
            unit=Unit.PER_SECOND,
            week=False,
            asks=[
                Metric(
                    expr="topk(8, sum by (code) (rate(anclora_provider_failures_total[$__rate_interval])) > 0)",
                    legend="{{code}}",
                ),
            ],
        ),
        Panel(
            title="Numbers",
            says="1 = messages flow through the number, whatever its connection claims.",
            unit=Unit.TIMES,
            week=False,
            asks=[
                Metric(
                    expr="max by (instance_name) (anclora_evolution_instance_connected)", legend="{{instance_name}}"
                ),
            ],
        ),
        Panel(
            title="Sent twice",
            says="Successes of two attempts of one message in the last day. More than 0 wakes somebody.",
            unit=Unit.COUNT,
            kind=Kind.STAT,
            week=False,
            asks=[Metric(expr="sum(increase(anclora_duplicate_send_total[1d]))", legend="sent twice")],
        ),
    ),
)
