"""Writes what is made from the catalogue of alerts: rules, tests, routes and pages; `--check` fails on old ones."""

import sys
from pathlib import Path

from anclora.alerts.catalogue import BLIND, CATALOGUE
from anclora.alerts.files import Links, differences, write, written

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Write the files, or compare them."""
    files = written(CATALOGUE, BLIND, Links())
    if "--check" not in sys.argv:
        write(ROOT, files)
    old = differences(ROOT, files)
    print(f"old: {', '.join(old)}; run scripts/alert_files.py" if old else f"alert files: {len(files)} up to date")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
