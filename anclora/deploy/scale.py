"""Scaling: more or fewer tasks, bigger or smaller ones; bounded, audited, and refused where it would not help."""

import asyncio
from datetime import timedelta

import msgspec

from anclora import audit
from anclora.capacity import CapacityReport
from anclora.deploy.ecs import Ecs
from anclora.deploy.model import Scaling
from anclora.deploy.rules import Bounds, Wish, check_bounds, check_quiet, note_of, resized, sender_note, steps_of
from anclora.deploy.trail import changing, last_scaled, subject_of
from anclora.kit.clock import Clock
from anclora.kit.settings import Settings
from anclora.storage.database import Database


def bounds_of(settings: Settings) -> Bounds:
    """How far one may go."""
    return Bounds(
        tasks_least=settings.scale_tasks_least,
        tasks_most=settings.scale_tasks_most,
        memory_least_mb=settings.scale_memory_least_mb,
        memory_most_mb=settings.scale_memory_most_mb,
        cool_down=timedelta(seconds=settings.scale_cooldown_seconds),
    )


async def scale(
    db: Database,
    ecs: Ecs,
    bounds: Bounds,
    clock: Clock,
    wish: Wish,
    capacity: CapacityReport,
    *,
    actor: str,
    dry_run: bool,
) -> Scaling:
    """Grant a wish.

    Args:
        db: holds the audit trail, which also says when it was scaled last.
        ecs: the service.
        bounds: how far one may go.
        clock: says what is now.
        wish: what somebody wants.
        capacity: what binds.
        actor: for the audit trail.
        dry_run: look and decide, change nothing.

    Raises:
        InvalidError: nothing is wished, or called by a wrong name.
        ConflictError: outside the bounds, a deployment is under way, too soon, or what binds are the senders.
        UnavailableError: ECS or the ledger does not answer; nothing was changed.
    """
    async with changing(db, ecs) as conn:
        service = await asyncio.to_thread(ecs.describe)
        definition = await asyncio.to_thread(ecs.definition, service.definition)
        steps = steps_of(wish, service, definition)
        notes = [note_of(wish.word, steps)]
        check_bounds(wish, definition, bounds)
        now = clock.now()
        check_quiet(service, await last_scaled(conn, ecs, now, bounds.cool_down), now, bounds)
        if "scale out" in steps:
            notes.append(sender_note(capacity))
        found = Scaling(
            steps=steps,
            tasks_before=service.desired,
            tasks=service.desired if wish.tasks is None else wish.tasks,
            memory_before_mb=definition.memory_mb,
            memory_mb=definition.memory_mb if wish.memory_mb is None else wish.memory_mb,
            definition=None,
            dry_run=dry_run,
            notes=tuple(each for each in notes if each),
        )
        if dry_run:
            return found
        told: dict[str, object] = {"steps": list(steps), "tasks": [found.tasks_before, found.tasks]}
        if wish.memory_mb is not None:
            told["memory_mb"] = [found.memory_before_mb, found.memory_mb]
        await audit.record(conn, actor=actor, action="service.scale", subject=subject_of(ecs), detail=told)
        made = None
        if wish.memory_mb is not None and wish.memory_mb != definition.memory_mb:
            made = await asyncio.to_thread(ecs.register, resized(definition, wish.memory_mb))
        wanted = {"taskDefinition": made} if made else {}
        await asyncio.to_thread(lambda: ecs.update(desiredCount=found.tasks, **wanted))
    return msgspec.structs.replace(found, definition=made)
