"""The forecast as a picture: the busiest hour of each day to come, at its upper end. Pure."""

from anclora.capacity.model import Foresight
from anclora.reports.page import Chart
from anclora.reports.svg import marks, nice_top, svg_of

_STYLE = (
    "<style>text{font:11px system-ui,sans-serif}.bar{fill:#1f7a6d}.pale{fill:#a9cdc8}"
    ".scale{stroke:#dfe4ea}.mark{fill:#5d6b7c}</style>"
)


def chart_of(foresight: Foresight) -> str:
    """An SVG file: messages of each of the next 28 days, beside the same weekday four weeks before (paler)."""
    ahead = foresight.ahead
    where = _where(foresight)
    chart = Chart(
        title="Forecast",
        alt=f"Messages expected in each of the next {len(ahead)} days, beside four weeks before (paler). {where}",
        labels=[f"{each.day:%d.%m.}" for each in ahead],
        values=[round(each.messages) for each in ahead],
        beside=[each.four_weeks_before for each in ahead],
    )
    shown = [f"{mark:,}" for mark in marks(nice_top(chart.most))]
    return svg_of(chart, shown).replace("</title>", f"</title>{_STYLE}", 1)


def _where(foresight: Foresight) -> str:
    if foresight.lacks:
        return f"No forecast: {foresight.lacks}."
    first = foresight.next
    return f"70 % of {first.of} is reached on {first.at_70_percent}." if first else "No known ceiling within a year."
