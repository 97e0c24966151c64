"""Writes deploy/grafana/dashboards; `--check` fails when a file there is old."""

import sys
from pathlib import Path

from scripts.dashboards import analytics, queue, slo, system
from scripts.dashboards.draw import json_of

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
BOARDS = (queue.BOARD, analytics.BOARD, system.BOARD, slo.BOARD)


def main(*, check: bool) -> int:
    """0 = the files are as the code says."""
    old = 0
    for board in BOARDS:
        file, text = FOLDER / f"{board.uid}.json", json_of(board)
        if not check:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            print(f"{file.name} is old: run `.venv/bin/python -m scripts.dashboards`")
            old += 1
    return min(old, 1)


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
