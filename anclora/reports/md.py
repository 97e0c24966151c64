"""The page as Markdown, and as the plain text of a message. Pure."""

from collections.abc import Iterator, Sequence

from anclora.reports.page import Page, Table

_BLOCKS = " ▁▂▃▄▅▆▇█"


def md_of(page: Page) -> str:
    """The whole page; charts become a line of blocks and their sentence."""
    parts = [f"# {page.title}", f"**{page.date}**", page.summary]
    if page.warning:
        parts.append(f"> {page.warning}")
    parts.append(f"## {page.actions_title}")
    parts.append("\n".join(f"{place}. {line}" for place, line in enumerate(_actions(page), 1)))
    for table in page.tables:
        parts.append(f"## {table.title}")
        parts += [_escaped(table.said)] if table.said else []
        parts += [_table(table)] if table.rows else []
    for chart in page.charts:
        parts += [f"## {chart.title}", f"`{blocks(chart.values)}`", chart.alt]
    parts += ["---", "\n\n".join(map(_escaped, page.notes))]
    return "\n\n".join(parts) + "\n"


def text_of(page: Page) -> str:
    """A short plain text for people who read it in a chat: the figures, and what to do."""
    lines = [page.date, *([page.warning] if page.warning else []), ""]
    lines += [f"{tile.label}: {tile.value}" + (f" ({tile.below})" if tile.below else "") for tile in page.tiles]
    for table in page.tables:
        if table.short:
            lines += ["", f"{table.title}:", *(f"{row[0].strip()}: {row[1]}" for row in table.rows)]
    lines += ["", f"{page.actions_title}:"]
    lines += [f"{place}. {action.text}" for place, action in enumerate(page.actions, 1)]
    return "\n".join(lines)


def blocks(values: Sequence[int]) -> str:
    """One block a bar; anything above 0 is seen."""
    most = max(values, default=0)
    return "".join(_BLOCKS[-(-value * 8 // most) if most else 0] for value in values)


def _actions(page: Page) -> Iterator[str]:
    for action in page.actions:
        yield _escaped(action.text) + (f" `{action.command}`" if action.command else "")


def _table(table: Table) -> str:
    width = len(table.head)
    rule = [":--" if place < table.words or place >= width - table.tail else "--:" for place in range(width)]
    lines = [list(table.head), rule, *([_escaped(cell.strip()) for cell in row] for row in table.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    r"""Names and codes hold `_`, `*` and `|`, which mean something here."""
    for sign in "\\`*_|<>[]":
        text = text.replace(sign, f"\\{sign}")
    return text
