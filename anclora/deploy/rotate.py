"""Fresh tasks for old ones, one at a time: a new one is up before an old one drains, and what showed a leak is kept."""

import asyncio
from pathlib import Path

import msgspec

from anclora import audit
from anclora.deploy.ecs import Ecs
from anclora.deploy.figures import figures_of, read
from anclora.deploy.rules import check_under_way
from anclora.deploy.status import findings_of
from anclora.deploy.trail import changing, subject_of
from anclora.deploy.wait import Waits, until_ended
from anclora.kit.clock import Clock
from anclora.kit.errors import UnavailableError
from anclora.storage.database import Database


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """What was rotated.

    Attributes:
        memory_mb: of each task that answered before, by its id; `blind` = those that did not.
        memory_after_mb: of the fresh ones.
        kept: the folder with everything each of them showed.
        findings: a sentence for each thing that is not as it should be afterwards.
    """

    memory_mb: dict[str, int]
    blind: tuple[str, ...]
    kept: str
    dry_run: bool
    memory_after_mb: dict[str, int] = {}
    findings: tuple[str, ...] = ()


async def rotate(
    db: Database, ecs: Ecs, clock: Clock, waits: Waits, *, actor: str, keep: Path, dry_run: bool = False
) -> Rotated:
    """Replace every task by a fresh one of the same revision, and wait until that is done.

    Meanwhile the service may have one task more than desired and none fewer; afterwards its bounds are as before.

    Args:
        db: holds the audit trail.
        ecs: the service.
        clock: for the wait.
        waits: how long.
        actor: for the audit trail.
        keep: a folder for what the tasks show before they go; made when there is something to keep.
        dry_run: look, and change nothing.

    Raises:
        ConflictError: a deployment is under way.
        UnavailableError: the folder cannot be written, or ECS does not answer; nothing was changed.
    """
    async with changing(db, ecs) as conn:
        service = await asyncio.to_thread(ecs.describe)
        check_under_way(service)
        texts = await read(service.tasks)
        found = Rotated(
            memory_mb=_memory(texts),
            blind=tuple(task.id for task in service.tasks if task.id not in texts),
            kept=str(keep),
            dry_run=dry_run,
        )
        if dry_run:
            return found
        await asyncio.to_thread(_keep, keep, texts)
        detail = {"definition": service.definition, "memory_mb": found.memory_mb, "blind": list(found.blind)}
        await audit.record(conn, actor=actor, action="service.rotate", subject=subject_of(ecs), detail=detail)
        one_more = 100 + -(-100 // max(1, service.desired))
        bounds = {**service.configuration, "minimumHealthyPercent": 100, "maximumPercent": one_more}
        await asyncio.to_thread(lambda: ecs.update(forceNewDeployment=True, deploymentConfiguration=bounds))
    try:
        after = await until_ended(ecs, clock, waits)
    finally:
        # Not in a thread: it is done also when somebody stops waiting.
        ecs.update(deploymentConfiguration=service.configuration)
    fresh = await read(after.tasks)
    return msgspec.structs.replace(found, memory_after_mb=_memory(fresh), findings=findings_of(after))


def _memory(texts: dict[str, str]) -> dict[str, int]:
    return {name: round(figures_of(text).memory_bytes / 1e6) for name, text in texts.items()}


def _keep(folder: Path, texts: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.prom").write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"{folder} cannot be written: {error.strerror or error}.", code="not_kept") from error
