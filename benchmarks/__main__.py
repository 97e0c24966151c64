"""`make bench`: one JSON object; `x` is a figure or a ratio, `x_detail` how it came about."""

import json
import sys

from anclora.kit.logging import configure_logging
from benchmarks import accept, chain, dispatch, figures, life, queue, receipts, standing, tallying


def main() -> int:
    """Measure one thing after the other and print everything at the end."""
    configure_logging("ERROR")
    groups = (dispatch, queue, accept, receipts, life, tallying, chain, standing, figures)
    print(json.dumps({name: value for group in groups for name, value in group.measure().items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
