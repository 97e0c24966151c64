"""Named moments at which a fault test lets a process die by SIGKILL, as the kernel would: the protocol has four.

`after_intent`: the ledger says `sending`, nothing has left. `after_send`: it went out, and nobody knows but the
provider. `half_stored`: of a group of results the ledger has those that plainly were sent, of others no more than the
answer. `before_complete`: ledger and provider agree, the lane still holds it.

`ANCLORA_FAILPOINT=after_send:37` dies when that moment is passed for the 37th time; `after_send:37:60` blocks the whole
process there for 60 seconds instead. Unset, a moment costs one comparison.
"""

import os
import signal
import time

_NAME, _COUNT, _BLOCKED_SECONDS, *_ = [*os.environ.get("ANCLORA_FAILPOINT", "").split(":"), "", "", ""]
_left = int(_COUNT or 1)

AFTER_INTENT = "after_intent"
AFTER_SEND = "after_send"
HALF_STORED = "half_stored"
BEFORE_COMPLETE = "before_complete"


def passing(name: str) -> None:
    """Say that this moment is passed; the process may end here, without a word."""
    global _left  # noqa: PLW0603 - one process, one countdown
    if name == _NAME:
        _left -= 1
        if _BLOCKED_SECONDS:
            if _left == 0:
                time.sleep(float(_BLOCKED_SECONDS))
        elif _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
