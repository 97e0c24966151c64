"""Refuse an unfit Python before anything is installed, with the sentence that says what to do."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file must run on the Python it refuses
    sys.exit(
        "Anclora needs Python 3.11 or newer, this is {}.{}. Install one and run: make PYTHON=python3.11 demo".format(
            *sys.version_info
        )
    )
