"""Python's cycle collector, for processes that serve: it need not look at what was loaded to stay."""

import gc

_YOUNG = 20_000  # objects made since the last look: a bulk of messages is not worth forty looks


def settle() -> None:
    """Call once, when everything is loaded: what there is now is never looked at again, and looks become rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
