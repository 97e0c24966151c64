"""What the kernel says of the container this process runs in: cgroup version 2, else the machine.

The files are described in the kernel's documentation (admin-guide/cgroup-v2). The limit that counts is the lowest one
between our own group and the root.
"""

import os
from pathlib import Path

from anclora.health.model import Disk, Task

_GROUPS = Path("/sys/fs/cgroup")
_PROC = Path("/proc")
_KILOBYTE = 1024


def read_task(groups: Path = _GROUPS, proc: Path = _PROC) -> Task:
    """The container's figures, or the machine's.

    Args:
        groups: where the control groups are mounted.
        proc: where the kernel tells of itself.
    """
    machine = _machine(proc)
    if not (groups / "cgroup.controllers").exists():
        return machine
    above = _own_groups(groups, proc)
    limited = [(limit, group) for group in above if (limit := _number(group / "memory.max")) is not None]
    quotas = [quota for group in above if (quota := _cpus(group / "cpu.max")) is not None]
    usage, events = _pairs(above[0] / "cpu.stat").get("usage_usec"), _pairs(above[0] / "memory.events")
    memory, limit = machine.memory_bytes, machine.memory_limit_bytes
    if limited:
        limit, group = min(limited)
        used = _number(group / "memory.current") or 0
        memory = max(0, used - _pairs(group / "memory.stat").get("inactive_file", 0))
    return Task(
        memory_bytes=memory,
        memory_limit_bytes=min(limit, machine.memory_limit_bytes or limit),
        cpu_seconds=machine.cpu_seconds if usage is None else usage / 1e6,
        cpus=min([*quotas, machine.cpus]),
        oom_kills=events.get("oom_kill", 0),
    )


def read_disk(place: Path) -> Disk | None:
    """The room for ordinary users where a folder is or will be; None = its file system does not say."""
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        found = os.statvfs(place)
    except OSError:
        return None
    return Disk(free_bytes=found.f_bavail * found.f_frsize, size_bytes=found.f_blocks * found.f_frsize)


def read_written(proc: Path = _PROC) -> tuple[int, int]:
    """Bytes this process has read from disks and written to them; 0, 0 where the kernel does not tell."""
    found = _pairs(proc / "self" / "io", separator=":")
    return found.get("read_bytes", 0), found.get("write_bytes", 0)


def _own_groups(groups: Path, proc: Path) -> list[Path]:
    """Our group and those above it, the root last. Inside a container our own path may lie outside what we see."""
    lines = _text(proc / "self" / "cgroup").splitlines()
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    own = groups / path
    if not own.is_dir():
        own = groups
    return [own, *(group for group in own.parents if group.is_relative_to(groups))]


def _machine(proc: Path) -> Task:
    memory = _pairs(proc / "meminfo", separator=":")
    total, available = memory.get("MemTotal", 0), memory.get("MemAvailable", 0)
    ticks = [int(word) for word in _text(proc / "stat").partition("\n")[0].split()[1:9]]
    busy = sum(ticks) - sum(ticks[3:5])  # all but idle and waiting for disks
    return Task(
        memory_bytes=(total - available) * _KILOBYTE,
        memory_limit_bytes=total * _KILOBYTE,
        cpu_seconds=busy / os.sysconf("SC_CLK_TCK"),
        cpus=float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else float(os.cpu_count() or 1),
        oom_kills=0,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    word = _text(path).strip()
    return int(word) if word.isdigit() else None


def _cpus(path: Path) -> float | None:
    quota, _, period = _text(path).strip().partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def _pairs(path: Path, separator: str | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _text(path).splitlines():
        name, value, *_ = [*(line.split(separator, 1) if separator else line.split()), ""]
        word = value.split(maxsplit=1)[0] if value.split() else ""
        if word.isdigit():
            found[name.strip()] = int(word)
    return found
