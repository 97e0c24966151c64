"""The page as a PDF: A4, the fonts every reader has, no date of making inside. Pure."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from threading import Lock
from typing import Any, Literal
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from anclora.reports.page import COMPARED, Chart, Page, Table, Tile, Tone
from anclora.reports.spelling import MINUS, number
from anclora.reports.svg import marks, nice_top

_INK, _DIM, _LINE, _CARD = (HexColor(f"#{value}") for value in ("1c2430", "5d6b7c", "dfe4ea", "f6f8fa"))
_BAR, _PALE = HexColor("#1f7a6d"), HexColor("#a9cdc8")
_TONES: dict[Tone, Any] = {"good": HexColor("#1b7f4b"), "bad": HexColor("#b3372f"), "plain": _DIM}
_ONE_AT_A_TIME = Lock()
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PADDING = 6  # of the frame a page is: platypus adds it inside the margin
_CHART_HEIGHT = 92.0
_MANY_COLUMNS = 6
_BESIDE = 0.36  # of the bars' width, for what they are compared with


def _style(name: str, size: float, *, bold: bool = False, color: Any = _INK, **more: Any) -> ParagraphStyle:
    font = "Helvetica-Bold" if bold else "Helvetica"
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.35, textColor=color, **more)


_H1 = _style("h1", 20, bold=True)
_H2 = _style("h2", 12, bold=True, spaceBefore=13, spaceAfter=5)
_TEXT = _style("text", 9.5)
_LEAD = _style("lead", 11, spaceAfter=9)
_SMALL = _style("small", 8, color=_DIM)
_CELL = _style("cell", 8.5)
_FIGURE = _style("figure", 8.5, alignment=TA_RIGHT)
_HEAD = _style("head", 8, bold=True, color=_DIM)
_HEAD_FIGURE = _style("head figure", 8, bold=True, color=_DIM, alignment=TA_RIGHT)
_VALUE = _style("value", 17, bold=True)


def pdf_of(page: Page) -> bytes:
    """The whole file.

    `invariant` leaves out the date of making and random ids; without compression the bytes are the same whichever zlib
    a machine has.
    """
    target = BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        invariant=1,
        pageCompression=0,
        title=plain(f"{page.title} - {page.date}"),
        author="Anclora",
        lang=page.lang,
    )

    def footer(canvas: Canvas, _document: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_DIM)
        canvas.drawString(_MARGIN, 10 * mm, plain(f"Anclora · {page.title} · {page.date}"))
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))

    with _ONE_AT_A_TIME:  # the library keeps some things for the whole process, and does not say that threads may share
        document.build(list(_story(page)), onFirstPage=footer, onLaterPages=footer)
    return target.getvalue()


def plain(text: str) -> str:
    """What the fonts every reader has can show (Windows-1252); the rest becomes a question mark."""
    return text.replace(MINUS, "-").encode("cp1252", "replace").decode("cp1252")


def _story(page: Page) -> Iterator[Any]:
    yield _said(page.title, _H1)
    yield Spacer(1, 3)
    yield _said(page.date, _style("date", 10, color=_DIM, spaceAfter=8))
    yield _said(page.summary, _LEAD)
    if page.warning:
        yield _said(page.warning, _style("warning", 9.5, color=HexColor("#8a5a00"), spaceAfter=9))
    yield _tiles(page.tiles)
    actions = [
        Paragraph(
            f"{place}. {_safe(action.text)}"
            + (f' <font face="Courier" size="8.5">{_safe(action.command)}</font>' if action.command else ""),
            _style("action", 9.5, leftIndent=13, firstLineIndent=-13, spaceAfter=3),
        )
        for place, action in enumerate(page.actions, 1)
    ]
    yield KeepTogether([_said(page.actions_title, _H2), *actions])
    for chart in page.charts:
        yield KeepTogether([_said(chart.title, _H2), _bars(chart, page), _said(chart.alt, _SMALL)])
    for table in page.tables:
        said = [_said(table.said, _style("said", 9.5, spaceAfter=4))] if table.said else []
        rows = [_grid(table)] if table.rows else []
        yield KeepTogether([_said(table.title, _H2), *said, *rows])  # one longer than a page begins where it is
    yield Spacer(1, 14)
    for note in page.notes:
        yield _said(note, _SMALL)


def _said(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(_safe(text), style)


def _safe(text: str) -> str:
    return escape(plain(text))


def _tiles(tiles: Sequence[Tile]) -> Grid:
    cells = [
        [
            _said(tile.label, _SMALL),
            _said(tile.value, _VALUE),
            _said(tile.below, _style(f"below {tile.tone}", 7.5, color=_TONES[tile.tone])),
        ]
        for tile in tiles
    ]
    grid = Grid([cells], colWidths=[_WIDTH / len(tiles)] * len(tiles))
    grid.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), _CARD),
                ("BOX", (0, 0), (-1, -1), 0.5, _LINE),
                ("INNERGRID", (0, 0), (-1, -1), 0.5, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    return grid


def _grid(table: Table) -> Grid:
    width = len(table.head)

    def is_words(place: int) -> bool:
        return place < table.words or place >= width - table.tail

    head = [
        _said("" if not place and text == table.title else text, _HEAD if is_words(place) else _HEAD_FIGURE)
        for place, text in enumerate(table.head)
    ]
    below = _style("below", 8.5, leftIndent=10, color=_DIM)
    rows = [
        [
            _said(text.strip(), (below if text.startswith("  ") else _CELL) if is_words(place) else _FIGURE)
            for place, text in enumerate(row)
        ]
        for row in table.rows
    ]
    grid = Grid([head, *rows], colWidths=list(_widths(table)), repeatRows=1)
    grid.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ]
        )
    )
    return grid


def _widths(table: Table) -> Iterator[float]:
    """The first column gets a third, less beside many; words at the end share what figures leave."""
    width = len(table.head)
    first = _WIDTH * (0.28 if width <= _MANY_COLUMNS else 0.12)
    if not table.tail:
        narrow = [text == COMPARED for text in table.head[1:]]
        slim = _WIDTH * 0.115
        wide = (_WIDTH - first - slim * sum(narrow)) / (len(narrow) - sum(narrow))
        yield first
        yield from (slim if each else wide for each in narrow)
        return
    figures = width - table.tail - 1
    narrow = 20 * mm
    yield first
    for _ in range(figures):
        yield narrow
    for _ in range(table.tail):
        yield (_WIDTH - first - narrow * figures) / table.tail


def _bars(chart: Chart, page: Page) -> Drawing:
    drawing = Drawing(_WIDTH, _CHART_HEIGHT)
    left, bottom = 34.0, 13.0
    height = _CHART_HEIGHT - bottom - 5
    top = nice_top(chart.most)
    for mark in marks(top):
        y = bottom + height * mark / top
        drawing.add(Line(left, y, _WIDTH, y, strokeColor=_LINE, strokeWidth=0.5))
        drawing.add(_mark(left - 4, y - 2.5, number(mark, page.lang), "end"))
    slot = (_WIDTH - left) / max(len(chart.values), 1)
    for place, (label, value) in enumerate(zip(chart.labels, chart.values, strict=True)):
        x, wide = left + slot * (place + 0.11), slot * 0.78
        pale = wide * _BESIDE if chart.beside else 0.0
        beside = chart.beside[place] if chart.beside else 0
        for color, start, width, count in ((_PALE, x, pale, beside), (_BAR, x + pale, wide - pale, value)):
            if count:
                bar = Rect(start, bottom, width, height * count / top)
                bar.fillColor, bar.strokeColor = color, None
                drawing.add(bar)
        if place % chart.label_every == 0:
            drawing.add(_mark(x + wide / 2, 2, label, "middle"))
    return drawing


def _mark(x: float, y: float, text: str, anchor: Literal["middle", "end"]) -> String:
    return String(x, y, plain(text), fontName="Helvetica", fontSize=7, fillColor=_DIM, textAnchor=anchor)
