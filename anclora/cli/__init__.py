"""The command line: one file per noun, `main` turns expected errors into a sentence and an exit code.

Exit codes: 0 ok, 1 a finding or a failure, 2 usage. With `--json` an error is JSON too, on standard error.
"""

import json
import shutil
import sys
import textwrap

from anclora.cli.app import app
from anclora.kit.errors import AncloraError, InvalidError


def wrapped(text: str) -> str:
    """The text as a terminal shows it best: broken between words, never within one; elsewhere as it is."""
    if not sys.stderr.isatty():
        return text
    columns = shutil.get_terminal_size().columns
    lines = (textwrap.wrap(line, columns, break_long_words=False, break_on_hyphens=False) for line in text.splitlines())
    return "\n".join("\n".join(line) for line in lines)


def main() -> None:
    """The `anclora` command."""
    try:
        app()
    except AncloraError as error:
        words = {"code": error.code, "detail": error.detail}
        print(json.dumps(words) if "--json" in sys.argv else wrapped(f"anclora: {error.detail}"), file=sys.stderr)
        raise SystemExit(2 if isinstance(error, InvalidError) else 1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
