"""An answer as CSV (RFC 4180), safe to open in a spreadsheet: no cell can be read as a formula. Pure."""

import csv
import io

from anclora.analytics.model import QuestionAnswer, QuestionLine
from anclora.kit.cells import safe


def as_csv(answer: QuestionAnswer) -> str:
    """A line a part, then the total; behind each figure the one of the period before."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([answer.by, "name", *(f"{name}{end}" for name in answer.columns for end in ("", "_before"))])
    for line in [*answer.lines, answer.total]:
        writer.writerow([safe(line.key), safe(line.name), *_cells(answer, line)])
    return out.getvalue()


def _cells(answer: QuestionAnswer, line: QuestionLine) -> list[str]:
    cells: list[str] = []
    for name in answer.columns:
        for figures in (line.figures, line.before or {}):
            value = figures.get(name)
            cells.append("" if value is None else str(value))
    return cells
