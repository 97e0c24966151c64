"""`make bench`: one JSON object; `x` is a figure or a ratio, `x_detail` how it came about."""

import json
import sys

from anclora.kit.logging import configure_logging
from benchmarks import dispatch, standing


def main() -> int:
    """Measure one thing after the other and print everything at the end."""
    configure_logging("ERROR")
    print(json.dumps(dispatch.measure() | standing.measure()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
