"""What runs, and whether it is as it should be."""

import asyncio

import msgspec

from anclora.deploy.ecs import Ecs
from anclora.deploy.figures import Figures, figures_of, read, total
from anclora.deploy.model import Service


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The service, what is not as it should be, and what its tasks did.

    Attributes:
        digests: of the images that run.
        findings: a sentence each; none = all is well.
        figures: of the tasks that answer; None = none does.
    """

    service: Service
    digests: tuple[str, ...]
    findings: tuple[str, ...]
    figures: Figures | None


async def status(ecs: Ecs) -> Status:
    """Look at it. Raises what `Ecs` raises."""
    service = await asyncio.to_thread(ecs.describe)
    texts = await read(service.tasks)
    return Status(
        service=service,
        digests=digests_of(service),
        findings=findings_of(service),
        figures=total(figures_of(text) for text in texts.values()),
    )


def digests_of(service: Service) -> tuple[str, ...]:
    """The digests that run, each once; "" = of an image nobody has pulled yet. Pure."""
    return tuple(sorted({task.digest for task in service.tasks}))


def findings_of(service: Service) -> tuple[str, ...]:
    """What is not as it should be. Pure."""
    primary = service.primary
    found: list[str] = []
    if primary.state == "FAILED":
        found.append(f"The deployment of {primary.definition} failed: {primary.reason}")
    elif primary.state != "COMPLETED":
        found.append(f"A deployment of {primary.definition} is under way: {primary.running} of {primary.desired} run.")
    if primary.failed:
        found.append(f"{primary.failed} tasks of {primary.definition} did not come up.")
    if service.running < service.desired:
        found.append(f"{service.running} of {service.desired} tasks run.")
    ill = [task.id for task in service.tasks if task.health == "UNHEALTHY"]
    if ill:
        found.append(f"Not healthy: {', '.join(ill)}.")
    if len(digests_of(service)) > 1:
        found.append(f"{len(digests_of(service))} images run side by side.")
    return tuple(found)
