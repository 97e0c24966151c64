"""The daily summary, as the evening checklist calls it: `anclora report daily` with the same options."""

import sys

from anclora.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["report", "daily"]
    main()
