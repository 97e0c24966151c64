"""What the business sees: the ledger's own figures, asked by SQL, so that they equal the overview to the unit.

Days and hours are those of the business: `$zone` and `$currency` are variables of the board, `$step` is hour or day.
"""

# ruff: noqa: S608 - the queries are made of words in this file
from scripts.dashboards.panel import Board, Metric, Panel, Rows, Unit

_SPAN = "at >= $__timeFrom()::timestamptz - :shift and at < $__timeTo()::timestamptz - :shift"
_STEP = "date_trunc('$step', at, '$zone')"


def _messages(columns: str) -> Rows:
    return Rows(
        sql=f"select {_STEP} + :shift as time, {columns} from dashboard_messages where {_SPAN} group by 1 order by 1"
    )


def _conversions(columns: str) -> Rows:
    return Rows(
        sql=f"select {_STEP} + :shift as time, {columns} from dashboard_conversions('$currency', '$zone') "
        f"where {_SPAN} group by 1 order by 1"
    )


BOARD = Board(
    uid="analytics-dashboard",
    title="Analytics",
    says="Messages, conversations, conversions and revenue, as the ledger counts them.",
    refresh="5m",
    since="now-7d",
    panels=(
        Panel(
            title="Messages sent, delivered and read",
            says="Each in the moment it happened.",
            unit=Unit.COUNT,
            row="Messages sent/delivered/read",
            width=24,
            asks=_messages("sum(sent) as sent, sum(delivered) as delivered, sum(read) as read"),
        ),
        Panel(
            title="Delivery rate",
            says="Delivered in the step, of those sent in it. What was sent late in a step is delivered in the next.",
            unit=Unit.SHARE,
            row="Delivery rate",
            width=12,
            asks=_messages('sum(delivered)::float8 / nullif(sum(sent), 0) as "delivery rate"'),
        ),
        Panel(
            title="Read rate",
            says="Read in the step, of those sent in it. People read in the morning what was sent at night.",
            unit=Unit.SHARE,
            row="Read rate",
            width=12,
            asks=_messages('sum(read)::float8 / nullif(sum(sent), 0) as "read rate"'),
        ),
        Panel(
            title="Active conversations",
            says="Conversations that went on at the end of the step.",
            unit=Unit.COUNT,
            row="Active conversations",
            asks=Rows(
                sql="select g.at as time, count(v.opened_at) as active from generate_series("
                "$__timeFrom()::timestamptz, $__timeTo()::timestamptz, "
                "($__timeTo()::timestamptz - $__timeFrom()::timestamptz) / 48) as g (at) "
                "left join conversations v on v.merged_into is null and v.opened_at < g.at - :shift "
                "and (v.closed_at is null or v.closed_at >= g.at - :shift) group by 1 order by 1"
            ),
        ),
        Panel(
            title="Conversions",
            says="Leads, qualified leads, appointments, sales; what was taken back is taken off.",
            unit=Unit.COUNT,
            row="Conversions",
            asks=_conversions(
                "sum(counts) filter (where kind = 'lead') as leads, "
                "sum(counts) filter (where kind = 'qualified_lead') as \"qualified leads\", "
                "sum(counts) filter (where kind = 'appointment') as appointments, "
                "sum(counts) filter (where kind = 'sale') as sales"
            ),
        ),
        Panel(
            title="Revenue",
            says="In the currency of the business, refunds taken off, each at the rate of the sale's day.",
            unit=Unit.COUNT,
            row="Revenue",
            asks=_conversions("sum(revenue) as revenue"),
        ),
        Panel(
            title="Handoffs",
            says="How often a person was asked for, by reason, a second.",
            unit=Unit.PER_SECOND,
            width=12,
            asks=[
                Metric(
                    expr="sum by (reason) (rate(anclora_conversation_handoffs_total[$__rate_interval]))",
                    legend="{{reason}}",
                ),
            ],
        ),
        Panel(
            title="Failed",
            says="Refused for good or given up.",
            unit=Unit.COUNT,
            width=12,
            asks=_messages("sum(failed) as failed"),
        ),
    ),
)
