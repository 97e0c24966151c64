"""Back to the revision before. Old programs run on newer tables, since migrations only add."""

import asyncio
import re

import msgspec

from anclora import audit
from anclora.deploy.ecs import Ecs
from anclora.deploy.model import Service
from anclora.deploy.status import findings_of
from anclora.deploy.trail import changing, subject_of
from anclora.deploy.wait import Waits, until_ended
from anclora.kit.clock import Clock
from anclora.kit.errors import ConflictError, InvalidError, NotFoundError
from anclora.storage.database import Database


class RolledBack(msgspec.Struct, frozen=True, kw_only=True):
    """From which revision to which; findings = a sentence for each thing that is not as it should be afterwards."""

    before: str
    definition: str
    reason: str
    dry_run: bool
    findings: tuple[str, ...] = ()


async def rollback(
    db: Database,
    ecs: Ecs,
    clock: Clock,
    waits: Waits,
    *,
    actor: str,
    reason: str,
    to: int | None = None,
    dry_run: bool = False,
) -> RolledBack:
    """Go back, also in the middle of a deployment, and wait until that is done.

    Args:
        db: holds the audit trail.
        ecs: the service.
        clock: for the wait.
        waits: how long.
        actor: for the audit trail.
        reason: alike.
        to: the number of a revision; None = the one before.
        dry_run: only say where to.

    Raises:
        NotFoundError: there is no revision before.
        ConflictError: it runs already, or ECS refuses it.
    """
    async with changing(db, ecs) as conn:
        service = await asyncio.to_thread(ecs.describe)
        known = await asyncio.to_thread(ecs.revisions, service.definition.partition(":")[0])
        target = target_of(service, known, to)
        found = RolledBack(before=service.definition, definition=target, reason=reason, dry_run=dry_run)
        if dry_run:
            return found
        detail = {"from": service.definition, "to": target, "reason": reason}
        await audit.record(conn, actor=actor, action="service.rollback", subject=subject_of(ecs), detail=detail)
        await asyncio.to_thread(lambda: ecs.update(taskDefinition=target))
    after = await until_ended(ecs, clock, waits)
    findings = findings_of(after)
    if after.definition != target:
        findings = (f"{after.definition} runs, not {target}.", *findings)
    return msgspec.structs.replace(found, findings=findings)


def target_of(service: Service, known: list[str], to: int | None) -> str:
    """The revision to go back to. Pure.

    What is being replaced at this moment, else the newest one below that which runs.
    """
    family = service.definition.partition(":")[0]
    now = number_of(service.definition)
    if to is not None:
        target = f"{family}:{to}"
        if target == service.definition:
            raise ConflictError(f"{target} runs already.", code="runs_already")
        if target not in known:
            raise NotFoundError(f"There is no {target} one could run; there are {', '.join(known[:10])}.")
        return target
    replaced = [each.definition for each in service.rollouts[1:] if each.definition != service.definition]
    if replaced:
        return replaced[0]
    before = [each for each in known if number_of(each) < now]
    if not before:
        raise NotFoundError(f"There is no revision before {service.definition}: there is nothing to go back to.")
    return max(before, key=number_of)


def number_of(definition: str) -> int:
    """The number of `family:revision`."""
    match = re.search(r":(\d+)$", definition)
    if match is None:
        raise InvalidError(f"{definition} is no revision of a task definition.")
    return int(match[1])
