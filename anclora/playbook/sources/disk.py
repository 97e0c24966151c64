"""Room on this machine, by statvfs: where files are written and the private servers lie."""

from collections.abc import Mapping

from anclora.playbook.errors import NoDataError
from anclora.playbook.sources.contract import Parts, Query, Reading


async def free_percent(parts: Parts) -> Reading:
    """The share that is free where there is least."""
    disks = parts.pulse.disks
    shares = {name: 100 * disk.free_bytes / disk.size_bytes for name, disk in disks.items() if disk.size_bytes}
    if not shares:
        raise NoDataError("No folder of ours can be looked at on this machine.")
    least = min(shares.values())
    return Reading(value=round(least, 1), facts=[f"{name}: {share:.1f} %" for name, share in shares.items()])


QUERIES: Mapping[str, Query] = {"disk.free_percent": free_percent}
