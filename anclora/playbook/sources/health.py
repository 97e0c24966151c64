"""Own health: the checks of /health, asked in this process, or of the running server that was named."""

from collections.abc import Mapping

import msgspec

from anclora.health import Checks, overall
from anclora.health import Parts as HealthParts
from anclora.kit.errors import UnavailableError
from anclora.messages.queue_view import QueueWatch
from anclora.playbook.sources.contract import Parts, Query, Reading
from anclora.playbook.sources.web import asking, base_url


class _Check(msgspec.Struct, frozen=True):
    status: str
    message: str


class _Health(msgspec.Struct, frozen=True):
    status: str
    checks: dict[str, _Check]


async def status(parts: Parts) -> Reading:
    """healthy, degraded or unhealthy, and what is not well."""
    if parts.remote:
        return await _over_http(base_url(parts))
    watch = QueueWatch(parts.db, parts.queue, parts.book, parts.settings, parts.clock)
    checked = await Checks(
        HealthParts(
            db=parts.db,
            lanes=parts.queue,
            book=parts.book,
            settings=parts.settings,
            clock=parts.clock,
            pulse=parts.pulse,
            queue=watch.look,
        )
    ).run()
    ill = [f"{name}: {check.message}" for name, check in checked.items() if check.status != "healthy"]
    return Reading(value=overall(checked), facts=ill)


async def _over_http(url: str) -> Reading:
    async with asking(url) as client:
        answer = await client.ask("GET", "/health")  # 503 is an answer too: it says why
    try:
        found = msgspec.json.decode(answer.body, type=_Health)
    except msgspec.DecodeError as error:
        raise UnavailableError(f"What answers at {url} is not Anclora, or its /health is closed.") from error
    return Reading(
        value=found.status,
        facts=[f"{name}: {check.message}" for name, check in found.checks.items() if check.status != "healthy"],
    )


QUERIES: Mapping[str, Query] = {"health.status": status}
