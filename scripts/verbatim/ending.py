"""A signal ends the play, but never in the middle of a start: a child that nobody knows of would outlive it."""

import contextlib
import signal
import sys
from collections.abc import Generator
from types import FrameType

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_held: list[list[int]] = []  # for each start that is under way, the signals that came meanwhile


def listen() -> None:
    """From now on a signal ends the play, with everything put away."""
    for number in _ENDS:
        signal.signal(number, _heard)


@contextlib.contextmanager
def undisturbed() -> Generator[None, None, None]:
    """What begins in here is begun, or not; a signal that came meanwhile counts at its end."""
    came: list[int] = []
    _held.append(came)
    try:
        yield
    finally:
        _held.remove(came)
    if came:
        _stop(came[0])


def _heard(number: int, _: FrameType | None) -> None:
    if _held:
        _held[-1].append(number)
    else:
        _stop(number)


def _stop(number: int) -> None:
    """Let the blocks end what they began; a second Ctrl-C does not disturb them."""
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)
    print("\nStopped; putting everything away …", file=sys.stderr, flush=True)
    raise SystemExit(128 + number)
