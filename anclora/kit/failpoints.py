"""Named moments at which a fault test lets a process die by SIGKILL, as the kernel would: the protocol has three.

`after_intent`: the ledger says `sending`, nothing has left. `after_send`: it went out, and nobody knows but the
provider. `before_complete`: ledger and provider agree, the lane still holds it.

`ANCLORA_FAILPOINT=after_send:37` dies when that moment is passed for the 37th time. Unset, a moment costs one
comparison.
"""

import os
import signal

_NAME, _, _COUNT = os.environ.get("ANCLORA_FAILPOINT", "").partition(":")
_left = int(_COUNT or 1)

AFTER_INTENT = "after_intent"
AFTER_SEND = "after_send"
BEFORE_COMPLETE = "before_complete"


def passing(name: str) -> None:
    """Say that this moment is passed; the process may end here, without a word."""
    global _left  # noqa: PLW0603 - one process, one countdown
    if name == _NAME:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
