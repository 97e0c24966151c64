"""Bars as inline SVG: no script, no outside file, the same bytes for the same figures. Pure."""

from collections.abc import Sequence
from html import escape

from anclora.reports.page import Chart

WIDTH, HEIGHT = 720, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 4, 12, 30
_GAP = 0.22
_BESIDE = 0.36  # of the bars' width, for what they are compared with


def nice_top(most: int) -> int:
    """The top of the scale: the smallest of 1 to 6 and 8 times a power of ten that holds everything."""
    step = 1
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8):
            if factor * step >= most:
                return factor * step
        step *= 10


def marks(top: int) -> Sequence[int]:
    """Where the lines of the scale are: whole numbers only."""
    parts = next(parts for parts in (4, 5, 3, 2, 1) if top % parts == 0)
    return [top * part // parts for part in range(parts + 1)]


def svg_of(chart: Chart, shown: Sequence[str]) -> str:
    """The chart.

    Args:
        chart: bars from left to right.
        shown: the marks of the scale as text, one for each of `marks`.
    """
    top = nice_top(chart.most)
    height = HEIGHT - _TOP - _BOTTOM
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(chart.alt)}</title>",
    ]
    for mark, text in zip(marks(top), shown, strict=True):
        y = _TOP + height * (1 - mark / top)
        parts.append(f'<line class="scale" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="mark" x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{escape(text)}</text>')
    slot = (WIDTH - _LEFT - _RIGHT) / max(len(chart.values), 1)
    for place, (label, value) in enumerate(zip(chart.labels, chart.values, strict=True)):
        x, wide = _LEFT + slot * (place + _GAP / 2), slot * (1 - _GAP)
        pale = wide * _BESIDE if chart.beside else 0.0
        beside = chart.beside[place] if chart.beside else 0
        for kind, left, width, count in (("pale", x, pale, beside), ("bar", x + pale, wide - pale, value)):
            if count:
                size = height * count / top
                parts.append(
                    f'<rect class="{kind}" x="{left:.1f}" y="{_TOP + height - size:.1f}" '
                    f'width="{width:.1f}" height="{size:.1f}"><title>{escape(label)}: {count}</title></rect>'
                )
        if place % chart.label_every == 0:
            middle = x + wide / 2
            parts.append(
                f'<text class="mark" x="{middle:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(label)}</text>'
            )
    parts.append("</svg>")
    return "".join(parts)
