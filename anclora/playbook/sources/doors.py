"""The doors of a running server, each knocked on once: the smoke test that sends nothing."""

from collections.abc import Mapping

from anclora.kit.errors import UnavailableError
from anclora.playbook.sources.contract import Parts, Query, Reading
from anclora.playbook.sources.web import asking, base_url

# Without a key: 401 is how the last one says that it is there and closed.
_DOORS: Mapping[str, tuple[int, ...]] = {
    "/health/live": (200,),
    "/health/ready": (200,),
    "/queue/metrics": (200, 401),
    "/metrics": (200, 401),
    "/api/whatsapp/instances": (200, 401),
    "/openapi.json": (200,),
    "/analytics/metrics/overview": (401,),
}


async def closed(parts: Parts) -> Reading:
    """Doors that do not answer as they should."""
    wrong: list[str] = []
    async with asking(base_url(parts)) as client:
        for path, good in _DOORS.items():
            try:
                status = (await client.ask("GET", path)).status
            except UnavailableError as error:
                wrong.append(f"{path}: {error.detail}")
                continue
            wrong += [] if status in good else [f"{path}: {status}"]
    return Reading(value=float(len(wrong)), facts=[*wrong, f"of {len(_DOORS)} doors"])


QUERIES: Mapping[str, Query] = {"doors.closed": closed}
