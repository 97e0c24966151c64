"""An alarm as a mail's HTML: one column, a coloured edge by severity, facts as a table, links. Pure.

Mail programs read little CSS, so styles stand in the tags, and nothing is fetched from anywhere.
"""

from collections.abc import Mapping
from html import escape

from anclora.kit.severity import Severity
from anclora.notify.contract import Kind, Notice

_COLOUR: Mapping[Severity, str] = {
    Severity.INFO: "#2563eb",
    Severity.WARNING: "#b45309",
    Severity.CRITICAL: "#b91c1c",
}
_OVER = "#15803d"
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#111827"


def page_of(notice: Notice) -> str:
    """The whole document."""
    colour = _OVER if notice.kind is Kind.RESOLVE else _COLOUR[notice.severity]
    text = escape(notice.text).replace("\n", "<br>\n")
    return (
        '<!doctype html>\n<html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"></head>\n'
        f'<body style="margin:0;padding:16px;background:#f3f4f6;{_FONT}">\n'
        '<div style="max-width:600px;margin:0 auto;background:#ffffff;border-radius:6px;'
        f'border-left:6px solid {colour};padding:16px 20px">\n'
        f'<p style="margin:0 0 4px;font-size:12px;letter-spacing:.05em;color:{colour}">'
        f"{escape(_word(notice))}</p>\n"
        f'<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">{escape(notice.title)}</h1>\n'
        f'<p style="margin:0 0 16px;font-size:15px;line-height:1.5">{text}</p>\n'
        f"{_facts(notice)}{_links(notice, colour)}</div>\n</body></html>\n"
    )


def _word(notice: Notice) -> str:
    if notice.kind is Kind.RESOLVE:
        return "RESOLVED"
    return "ACKNOWLEDGED" if notice.kind is Kind.ACKNOWLEDGE else notice.severity.value.upper()


def _facts(notice: Notice) -> str:
    cell = "padding:6px 0;border-top:1px solid #e5e7eb;vertical-align:top;font-size:14px;line-height:1.45"
    rows = "".join(
        f'<tr><td style="{cell};padding-right:16px;color:#4b5563">{escape(fact.name)}</td>'
        f'<td style="{cell}">{escape(fact.value).replace(chr(10), "<br>")}</td></tr>\n'
        for fact in notice.facts
    )
    table = '<table role="presentation" cellspacing="0" cellpadding="0" style="width:100%;border-collapse:collapse">'
    return f"{table}\n{rows}</table>\n" if rows else ""


def _links(notice: Notice, colour: str) -> str:
    shown = "".join(
        f'<a href="{escape(link.url, quote=True)}" style="display:inline-block;margin:0 16px 8px 0;color:{colour};'
        f'font-size:14px">{escape(link.title)}</a>\n'
        for link in notice.links
    )
    return f'<p style="margin:16px 0 0">{shown}</p>\n' if shown else ""
