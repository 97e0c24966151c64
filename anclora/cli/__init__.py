"""The command line: one file per noun, `main` turns expected errors into a sentence and an exit code.

Exit codes: 0 ok, 1 a finding or a failure, 2 usage.
"""

import sys

from anclora.cli.app import app
from anclora.kit.errors import AncloraError, InvalidError


def main() -> None:
    """The `anclora` command."""
    try:
        app()
    except AncloraError as error:
        print(f"anclora: {error.detail}", file=sys.stderr)
        raise SystemExit(2 if isinstance(error, InvalidError) else 1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
