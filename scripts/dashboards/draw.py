"""Boards to Grafana's JSON, by Grafana's own builders."""

from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    VariableHide,
    VariableOption,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from scripts.dashboards.panel import Board, Kind, Panel, Rows

METRICS = DataSourceRef(type_val="prometheus", uid="${metrics}")
LEDGER = DataSourceRef(type_val="grafana-postgresql-datasource", uid="${ledger}")
NOW, WEEK = "interval '0'", "interval '7 days'"
BEFORE = ", 7 days before"

Plot = timeseries.Panel | stat.Panel | heatmap.Panel


class LedgerQuery(Dataquery):
    """A query of the Postgres data source, which the builders do not know."""

    def __init__(self, *, ref_id: str, sql: str) -> None:
        self.ref_id = ref_id
        self.sql = sql

    def to_json(self) -> dict[str, object]:
        """As Grafana stores it."""
        return {
            "refId": self.ref_id,
            "datasource": LEDGER,
            "format": "time_series",
            "rawQuery": True,
            "editorMode": "code",
            "rawSql": self.sql,
        }


class _Ready:
    """What is built already, where a builder is asked for."""

    def __init__(self, query: Dataquery) -> None:
        self._query = query

    def build(self) -> Dataquery:
        return self._query


def json_of(board: Board) -> str:
    """The board as a file that Grafana reads; the same board gives the same bytes."""
    return JSONEncoder(sort_keys=True, indent=2).encode(_drawn(board).build()) + "\n"


def week_before(expr: str) -> str:
    """The expression as it was seven days ago. A subquery takes an offset whatever is inside it."""
    return f"last_over_time(({expr})[$__interval:$__interval] offset 7d)"


def _drawn(board: Board) -> dashboard.Dashboard:
    drawn = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.says)
        .tags(["anclora"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .refresh(board.refresh)
        .time(board.since, "now")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("metrics").label("Metrics").type("prometheus"))
        .link(
            dashboard.DashboardLink("Other boards")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["anclora"])
            .as_dropdown(True)
        )
    )
    if any(isinstance(panel.asks, Rows) for panel in board.panels):
        drawn = _with_ledger(drawn)
    for number, panel in enumerate(board.panels, 1):
        drawn = drawn.with_panel(_panel(panel).id(number))
    return drawn


def _with_ledger(drawn: dashboard.Dashboard) -> dashboard.Dashboard:
    steps = [VariableOption(text=step, value=step, selected=step == "hour") for step in ("hour", "day")]
    return (
        drawn.with_variable(
            dashboard.DatasourceVariable("ledger").label("Ledger").type("grafana-postgresql-datasource")
        )
        .with_variable(
            dashboard.CustomVariable("step").label("Step").values("hour,day").options(steps).current(steps[0])
        )
        .with_variable(_fixed("zone", "Europe/Madrid"))
        .with_variable(_fixed("currency", "EUR"))
    )


def _fixed(name: str, value: str) -> dashboard.TextBoxVariable:
    option = VariableOption(text=value, value=value, selected=True)
    return (
        dashboard.TextBoxVariable(name)
        .label(name.capitalize())
        .default_value(value)
        .current(option)
        .options([option])
        .hide(VariableHide.DONT_HIDE)
    )


def _panel(panel: Panel) -> Plot:
    drawn = _plot(panel).title(panel.title).description(panel.says).unit(panel.unit.value)
    drawn = drawn.span(panel.width).height(panel.height)
    drawn = drawn.datasource(LEDGER if isinstance(panel.asks, Rows) else METRICS)
    for query in _queries(panel):
        drawn = drawn.with_target(query)
    return drawn


def _plot(panel: Panel) -> Plot:
    if panel.kind is Kind.STAT:
        return stat.Panel()
    if panel.kind is Kind.HEATMAP:
        return heatmap.Panel()
    drawn = (
        timeseries.Panel()
        .draw_style(GraphDrawStyle.LINE)
        .line_width(2)
        .fill_opacity(8)
        .show_points(VisibilityMode.NEVER)
        .min(0)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    if panel.limit is not None:
        steps = [Threshold(value=None, color="transparent"), Threshold(value=panel.limit, color="red")]
        drawn = drawn.thresholds(
            dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
        ).thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    if panel.week:
        drawn = drawn.override_by_regexp(f"/{BEFORE}$/", _DASHED)
        if isinstance(panel.asks, Rows):
            name = DynamicConfigValue(id_val="displayName", value="${__field.name}" + BEFORE)
            drawn = drawn.override_by_query("W", [*_DASHED, name])
    return drawn


_DASHED = [
    DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [6, 6]}),
    DynamicConfigValue(id_val="custom.lineWidth", value=1),
    DynamicConfigValue(id_val="custom.fillOpacity", value=0),
]


def _queries(panel: Panel) -> Iterator[Any]:
    if isinstance(panel.asks, Rows):
        yield _Ready(LedgerQuery(ref_id="A", sql=panel.asks.sql.replace(":shift", NOW)))
        if panel.week:
            yield _Ready(LedgerQuery(ref_id="W", sql=panel.asks.sql.replace(":shift", WEEK)))
        return
    for letter, ask in zip("ABCDEFGH", panel.asks, strict=False):
        yield _query(letter, ask.expr, ask.legend, heat=panel.kind is Kind.HEATMAP)
        if panel.week:
            yield _query(letter + "W", week_before(ask.expr), ask.legend + BEFORE)


def _query(ref_id: str, expr: str, legend: str, *, heat: bool = False) -> prometheus.Dataquery:
    query = prometheus.Dataquery().ref_id(ref_id).expr(expr).legend_format(legend).datasource(METRICS).range()
    return query.format(PromQueryFormat.HEATMAP) if heat else query
