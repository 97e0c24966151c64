"""Ends this process when its event loop no longer runs: what is blocked cannot heal, and its work waits for its lease.

The time is kept by a thread of the interpreter that needs no lock of it (`faulthandler.dump_traceback_later`), so it
also ends a process that is caught inside a library. First it writes the stack of every thread to the error output: in
the log, the place that blocked is the last thing said. It ends at once, as by SIGKILL: whatever starts processes starts
this one again, and leases, intents and the ledger see to what it was doing.
"""

import asyncio
import contextlib
import faulthandler
from collections.abc import Generator

_MOST_SECONDS_BETWEEN = 1.0


@contextlib.contextmanager
def watchdog(limit_seconds: float) -> Generator[None, None, None]:
    """Guard the running loop for the length of a block.

    Args:
        limit_seconds: not run for so long, it is blocked; 0 = nobody guards it.
    """
    if not limit_seconds:
        yield
        return
    loop = asyncio.get_running_loop()
    every_seconds = min(_MOST_SECONDS_BETWEEN, limit_seconds / 4)
    again: asyncio.TimerHandle | None = None

    def give_time() -> None:
        nonlocal again
        faulthandler.dump_traceback_later(limit_seconds, exit=True)
        again = loop.call_later(every_seconds, give_time)

    give_time()
    try:
        yield
    finally:
        if again is not None:
            again.cancel()
        faulthandler.cancel_dump_traceback_later()
