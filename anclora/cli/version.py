"""`anclora version`."""

from anclora import __version__
from anclora.cli.options import AsJson
from anclora.cli.show import show_json


def version(as_json: AsJson = False) -> None:
    """The version."""
    if as_json:
        show_json({"version": __version__})
    else:
        print(__version__)
