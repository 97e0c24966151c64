"""The JSON doors: one file per noun; errors become problem documents here and nowhere else.

`create_app(Deps(…))` is the whole room. Doors decide who may come in, read and bound what they bring, call one verb
of a feature, and encode its answer; whatever is decided about messages is decided behind them.
"""

from anclora.api.app import create_app
from anclora.api.deps import Deps

__all__ = ["Deps", "create_app"]
