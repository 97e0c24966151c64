"""CPU seconds of processes as the kernel counts them, and the share of each part of ours by samples."""

import contextlib
import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.002
_PARTS = (
    ("http", ("/anclora/kit/http.py", "/anclora/kit/wire.py", "/anclora/providers/")),
    ("queue", ("/anclora/queue/", "/redis/")),
    ("ledger", ("/anclora/storage/", "/psycopg", "/anclora/messages/intent.py", "/anclora/messages/results.py")),
)


def cpu_seconds(root: int) -> float:
    """CPU seconds used so far by a process and all below it, those that ended included."""
    total = 0.0
    for pid in tree(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        total += sum(map(int, fields[11:15])) / _TICKS
    return total


def unbind(root: int) -> None:
    """Let a process and all below it run on any core."""
    for pid in tree(root):
        for thread in Path(f"/proc/{pid}/task").glob("*"):
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                os.sched_setaffinity(int(thread.name), range(os.cpu_count() or 1))


def tree(root: int) -> list[int]:
    """A process and all below it."""
    found = [root]
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:  # the thread ended meanwhile
                continue
    return found


class Sampler:
    """Asks every two milliseconds of CPU time of this process which part of it is at work."""

    def __init__(self) -> None:
        self._hits: Counter[str] = Counter()

    def start(self) -> None:
        """Begin; the main thread must be the one that works."""
        signal.signal(signal.SIGPROF, self._note)
        signal.setitimer(signal.ITIMER_PROF, _SAMPLE_SECONDS, _SAMPLE_SECONDS)

    def stop(self) -> dict[str, float]:
        """End; the share of each part, 0 to 1."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        total = sum(self._hits.values()) or 1
        return {part: round(count / total, 3) for part, count in self._hits.most_common()}

    def _note(self, _number: int, frame: FrameType | None) -> None:
        while frame is not None:
            file = frame.f_code.co_filename
            for part, places in _PARTS:
                if any(place in file for place in places):
                    self._hits[part] += 1
                    return
            frame = frame.f_back
        self._hits["rest"] += 1
