"""Whether a wish to scale may be granted, and what it is called. Pure.

The words as everybody uses them: out and in change the number of tasks, up and down their size. The playbook writes
"Scale Up (Add Tasks)" and "Scale Out (Increase Resources)"; what is done follows from the option, so its words do too.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from anclora.capacity import CapacityReport
from anclora.deploy.model import Definition, Service
from anclora.kit.errors import ConflictError, InvalidError

_TASKS = {"out": "scale out", "add-tasks": "scale out", "in": "scale in"}
_SIZE = {"up": "scale up", "increase-resources": "scale up", "down": "scale down"}
_SWAPPED = {"up": "scale out", "out": "scale up"}
# What Fargate takes: MB from, to and in steps of, by 1/1024 processors (developer guide, "Task CPU and memory").
_FARGATE: Mapping[int, tuple[int, int, int]] = {
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}
_SMALLEST = (512, 1024, 2048)


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How far one may go, by the settings."""

    tasks_least: int
    tasks_most: int
    memory_least_mb: int
    memory_most_mb: int
    cool_down: timedelta


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants; None = as it is.

    Attributes:
        word: what they call it, if they do.
    """

    tasks: int | None = None
    memory_mb: int | None = None
    word: str | None = None


def steps_of(wish: Wish, service: Service, definition: Definition) -> tuple[str, ...]:
    """What the wish is called.

    Raises:
        InvalidError: it wishes nothing.
        ConflictError: it is so already.
    """
    if wish.tasks is None and wish.memory_mb is None:
        raise InvalidError("Say how many tasks (--to) or how much memory each (--memory).", code="nothing_wished")
    steps: list[str] = []
    if wish.tasks is not None and wish.tasks != service.desired:
        steps.append("scale out" if wish.tasks > service.desired else "scale in")
    if wish.memory_mb is not None and wish.memory_mb != definition.memory_mb:
        steps.append("scale up" if wish.memory_mb > (definition.memory_mb or 0) else "scale down")
    if not steps:
        size = f" of {definition.memory_mb} MB" if wish.memory_mb is not None else ""
        raise ConflictError(f"It is so already: {service.desired} tasks{size}.", code="nothing_to_scale")
    return tuple(steps)


def note_of(word: str | None, steps: Sequence[str]) -> str | None:
    """What to say about somebody's word for it; None = it is the right one, or there is none.

    Raises:
        InvalidError: nobody calls it that.
    """
    if word is None:
        return None
    plain = re.sub(r"[\s_]+", "-", word.strip().lower()).removeprefix("scale-")
    meant = _TASKS.get(plain) or _SIZE.get(plain)
    if meant is None:
        known = ", ".join((*_TASKS, *_SIZE))
        raise InvalidError(f"There is no step {word[:40]!a}. Choose from: {known}.", code="unknown_step")
    if meant in steps:
        return None
    swapped = _SWAPPED.get(plain)
    if swapped in steps:
        return f"The playbook calls this scale {plain}; everybody else says {swapped}. It is done as the option says."
    raise InvalidError(f"{word[:40]} is {meant}, and what you ask for is {' and '.join(steps)}.", code="another_step")


def check_bounds(wish: Wish, definition: Definition, bounds: Bounds) -> None:
    """Whether it is within the settings, and a size that Fargate has.

    Raises:
        ConflictError: it is not.
    """
    if wish.tasks is not None and not bounds.tasks_least <= wish.tasks <= bounds.tasks_most:
        raise ConflictError(
            f"{wish.tasks} tasks are outside {bounds.tasks_least} to {bounds.tasks_most} "
            "(ANCLORA_SCALE_TASKS_LEAST, ANCLORA_SCALE_TASKS_MOST).",
            code="scale_bounds",
        )
    if wish.memory_mb is None:
        return
    if not bounds.memory_least_mb <= wish.memory_mb <= bounds.memory_most_mb:
        raise ConflictError(
            f"{wish.memory_mb} MB are outside {bounds.memory_least_mb} to {bounds.memory_most_mb} "
            "(ANCLORA_SCALE_MEMORY_LEAST_MB, ANCLORA_SCALE_MEMORY_MOST_MB).",
            code="scale_bounds",
        )
    if definition.memory_mb is None:
        raise ConflictError(f"{definition.name} says no memory for the whole task.", code="no_task_memory")
    if wish.memory_mb not in _sizes(definition.cpu):
        sizes = ", ".join(str(size) for size in _sizes(definition.cpu)) or "none"
        raise ConflictError(
            f"Fargate has no task of {definition.cpu} CPU units with {wish.memory_mb} MB. It has: {sizes}.",
            code="no_such_size",
        )


def check_under_way(service: Service) -> None:
    """Raise `ConflictError` while a deployment is under way."""
    if service.primary.state == "IN_PROGRESS":
        raise ConflictError(
            f"A deployment of {service.primary.definition} is under way: {service.primary.reason or 'in progress'} "
            "Wait until `anclora deploy status` says that it is stable.",
            code="deploy_under_way",
        )


def check_quiet(service: Service, last_at: datetime | None, now: datetime, bounds: Bounds) -> None:
    """Whether nothing else is under way, and the last change is long enough ago to have shown what it does.

    Raises:
        ConflictError: it is not.
    """
    check_under_way(service)
    if last_at is not None and now - last_at < bounds.cool_down:
        left = ceil_seconds(bounds.cool_down - (now - last_at))
        raise ConflictError(
            f"It was scaled at {last_at:%H:%M:%S} UTC; a change shows its effect after a while. Try again in {left} s "
            "(ANCLORA_SCALE_COOLDOWN_SECONDS).",
            code="scale_cooldown",
        )


def sender_note(found: CapacityReport) -> str | None:
    """What to say about more tasks when they are not refused; None = the workers bind.

    Raises:
        ConflictError: the numbers are what is in the way, so more tasks would only wait, or provoke refusals.
    """
    rates = {each.name: each.per_second for each in found.ceilings}
    senders = rates.get("senders")
    # What was carried, the workers can carry: this much is known of them without a bench.
    workers = rates["workers"] if rates.get("workers") is not None else found.busiest_per_second
    if senders is not None and (senders == 0 or (workers is not None and senders <= workers)):
        if senders == 0:
            why = f"{next(each.why for each in found.ceilings if each.name == 'senders')}: nothing can be sent"
        else:
            why = f"the numbers may send {senders:,.3g} messages a second, the workers that run {workers:,.3g} or more"
        raise ConflictError(
            f"What is in the way are the senders, not the tasks: {why}. More tasks do not help. Raise the numbers' "
            "limits where the provider allows it, add or connect numbers, or wait; `anclora capacity report` has the "
            "figures.",
            code="sender_bound",
        )
    if found.effective.binds in ("redis", "postgres", "gateway"):
        return f"What binds is {found.effective.binds}: more tasks may only wait for it."
    if found.effective.binds != "workers":
        return "Whether the workers bind is not measured: `anclora capacity report` says what is missing."
    return None


def resized(definition: Definition, memory_mb: int) -> dict[str, Any]:
    """The description of a revision with another memory; a container that had all of it has all of it."""
    before = definition.memory_mb
    containers = [
        {**each, "memory": memory_mb} if each.get("memory") == before else dict(each)
        for each in definition.document["containerDefinitions"]
    ]
    return {**definition.document, "memory": str(memory_mb), "containerDefinitions": containers}


def ceil_seconds(left: timedelta) -> int:
    """Whole seconds, never too few."""
    return -int(-left.total_seconds() // 1)


def _sizes(cpu: int | None) -> tuple[int, ...]:
    if cpu is None or cpu <= 256:
        return _SMALLEST
    least, most, step = _FARGATE.get(cpu, (0, -1, 1))
    return tuple(range(least, most + 1, step))
