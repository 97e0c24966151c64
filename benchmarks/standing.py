"""What `anclora up` costs while nothing happens, and how soon it is healthy on a data directory that exists."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from anclora.cli.home import free_port
from anclora.storage.embedded import discard_embedded
from benchmarks.cpu import tree

_PATIENCE_SECONDS = 60.0
_SETTLE_SECONDS = 5.0
_IDLE_SECONDS = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> dict[str, object]:
    """Seconds from `up` to healthy, and the share of one core all its processes use when idle."""
    home = Path(tempfile.mkdtemp(prefix="anclora-standing-"))
    data = home / "data"
    try:
        _stop(_up(data)[0])
        up, seconds = _up(data)
        time.sleep(_SETTLE_SECONDS)
        before, began = _cpu_seconds(up.pid), time.monotonic()
        time.sleep(_IDLE_SECONDS)
        after, ended = _cpu_seconds(up.pid), time.monotonic()
        _stop(up)
    finally:
        discard_embedded(data)
        shutil.rmtree(home, ignore_errors=True)
    used = {name: after[name] - before.get(name, 0.0) for name in after}
    share = {name: round(100 * cpu / (ended - began), 2) for name, cpu in sorted(used.items())}
    return {
        "idle_core_percent": round(sum(share.values()), 2),
        "idle_core_percent_detail": {"goal": 3, "by_program": share, "seconds": _IDLE_SECONDS},
        "up_seconds": round(seconds, 2),
        "up_seconds_detail": {"goal": 5, "until": "/health answers healthy, data directory there"},
    }


def _up(data: Path) -> tuple[subprocess.Popen[bytes], float]:
    port, began = free_port(), time.monotonic()
    argv = [sys.executable, "-m", "anclora", "up", "--port", str(port), "--data-dir", str(data)]
    up = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    while not _healthy(port):
        if up.poll() is not None or time.monotonic() - began > _PATIENCE_SECONDS:
            _stop(up)
            raise RuntimeError("`anclora up` did not become healthy")
        time.sleep(0.02)
    return up, time.monotonic() - began


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return b'"status":"healthy"' in answer.read().replace(b" ", b"")
    except (urllib.error.URLError, OSError):
        return False


def _stop(up: subprocess.Popen[bytes]) -> None:
    if up.poll() is None:
        up.send_signal(signal.SIGTERM)
    try:
        up.wait(timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        up.kill()


def _cpu_seconds(root: int) -> dict[str, float]:
    """CPU seconds used so far by a process and all below it, by the name of the program."""
    seconds: dict[str, float] = {}
    for pid in tree(root):
        try:
            name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        except OSError:  # it ended meanwhile
            continue
        fields = rest.split()
        seconds[name] = seconds.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / _TICKS
    return seconds
