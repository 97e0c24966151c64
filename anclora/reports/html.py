"""The page as one HTML file: no script, nothing loaded from outside, light and dark, good on paper too. Pure."""

from collections.abc import Iterator
from html import escape

from anclora.reports.page import Page, Table
from anclora.reports.spelling import number
from anclora.reports.svg import marks, nice_top, svg_of

_EVEN_COLUMNS = 6
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--dim:#5d6b7c;--line:#dfe4ea;--card:#f6f8fa;--bar:#1f7a6d;--pale:#a9cdc8;
--good:#1b7f4b;--bad:#b3372f;--warn:#8a5a00;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf1;--dim:#9aa7b5;--line:#313a45;--card:#1c232b;--bar:#4fb9a8;--pale:#28524c;
--good:#5cc58b;--bad:#ef8078;--warn:#e5b45a;--paper:#12171d}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,sans-serif}
main{max-width:820px;margin:0 auto;padding:32px 20px 48px}
h1{font-size:26px;line-height:1.2;margin:0}
h2{font-size:17px;margin:34px 0 10px}
.date{color:var(--dim);margin:2px 0 14px}
.summary{font-size:17px;margin:0 0 18px}
.warning{border-left:3px solid var(--warn);padding:6px 12px;background:var(--card)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px;padding:0;margin:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.tiles b{display:block;font-size:26px;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}
.tiles span{color:var(--dim);font-size:13px}
.tiles .good{color:var(--good)}.tiles .bad{color:var(--bad)}
ol{padding-left:22px;margin:0}ol li{margin:6px 0}
code{background:var(--card);border:1px solid var(--line);border-radius:4px;padding:1px 5px;font-size:13px;
white-space:nowrap}
.said{margin:0 0 8px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:7px 10px;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th{color:var(--dim);font-weight:600;font-size:13px;vertical-align:bottom}
th.w,td.w{text-align:left}
th:first-child,td:first-child{padding-left:0}td.sub{padding-left:18px}
figure{margin:0 0 6px}figcaption{color:var(--dim);font-size:13px}
svg{width:100%;height:auto;display:block}
.bar{fill:var(--bar)}.pale{fill:var(--pale)}.scale{stroke:var(--line);stroke-width:1}.mark{fill:var(--dim);font-size:11px}
footer{margin-top:34px;border-top:1px solid var(--line);padding-top:12px;color:var(--dim);font-size:13px}
footer p{margin:4px 0}
@media(min-width:561px),print{.even{table-layout:fixed}.even th:first-child{width:34%}}
@media(max-width:560px){th,td{padding:6px 6px}.mark{font-size:15px}}
@media print{main{padding:0;max-width:none}h2,figure,tr,.tiles{break-inside:avoid}h2{break-after:avoid}}
"""


def html_of(page: Page) -> str:
    """The whole file."""
    parts = [
        f'<!doctype html>\n<html lang="{page.lang}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(page.title)} · {escape(page.date)}</title><style>{_STYLE}</style></head>\n<body><main>",
        f'<h1>{escape(page.title)}</h1><p class="date">{escape(page.date)}</p>',
        f'<p class="summary">{escape(page.summary)}</p>',
    ]
    if page.warning:
        parts.append(f'<p class="warning">{escape(page.warning)}</p>')
    parts.append('<ul class="tiles">')
    parts += [
        f'<li><span>{escape(tile.label)}</span><b>{escape(tile.value)}</b><span class="{tile.tone}">'
        f"{escape(tile.below)}</span></li>"
        for tile in page.tiles
    ]
    parts.append(f"</ul>\n<h2>{escape(page.actions_title)}</h2><ol>")
    for action in page.actions:
        command = f" <code>{escape(action.command)}</code>" if action.command else ""
        parts.append(f"<li>{escape(action.text)}{command}</li>")
    parts.append("</ol>\n")
    for chart in page.charts:
        shown = [number(mark, page.lang) for mark in marks(nice_top(chart.most))]
        parts.append(f"<h2>{escape(chart.title)}</h2><figure>{svg_of(chart, shown)}")
        parts.append(f"<figcaption>{escape(chart.alt)}</figcaption></figure>\n")
    for table in page.tables:
        parts += _table(table)
    parts.append(
        "<footer>" + "".join(f"<p>{escape(note)}</p>" for note in page.notes) + "</footer></main></body></html>\n"
    )
    return "".join(parts)


def _table(table: Table) -> Iterator[str]:
    width = len(table.head)

    # Columns of tables that compare stand under each other.
    even = ' class="even"' if width <= _EVEN_COLUMNS and not table.tail else ""

    def kind(place: int, text: str = "") -> str:
        is_words = place < table.words or place >= width - table.tail
        below = " sub" if text.startswith("  ") else ""
        return f' class="w{below}"' if is_words else ""

    yield f"<h2>{escape(table.title)}</h2>" + (f'<p class="said">{escape(table.said)}</p>' if table.said else "")
    if not table.rows:
        yield "\n"
        return
    yield f'<div class="wide"><table{even}><thead><tr>'
    yield "".join(
        f'<th scope="col"{kind(place)}>{escape(text if place or text != table.title else "")}</th>'
        for place, text in enumerate(table.head)
    )
    yield "</tr></thead><tbody>"
    for row in table.rows:
        yield "<tr>"
        yield "".join(f"<td{kind(place, text)}>{escape(text.strip())}</td>" for place, text in enumerate(row))
        yield "</tr>"
    yield "</tbody></table></div>\n"
