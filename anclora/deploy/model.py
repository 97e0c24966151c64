"""The nouns of deploying and scaling. Pure."""

from datetime import datetime
from typing import Any

import msgspec


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment of a service, as ECS tells it.

    Attributes:
        definition: `family:revision`.
        is_primary: what should run; the others are on their way out.
        state: IN_PROGRESS, COMPLETED or FAILED; `reason` in ECS's words.
        failed: tasks of it that did not come up.
    """

    id: str
    definition: str
    is_primary: bool
    state: str
    reason: str
    desired: int
    running: int
    pending: int
    failed: int
    created_at: datetime


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task that should run.

    Attributes:
        id: the last part of its ARN.
        rollout: id of the deployment that started it; empty when nobody says.
        health: HEALTHY, UNHEALTHY or UNKNOWN.
        digest: of the image its main container runs; empty until it is pulled.
        url: where it answers inside the network; empty until it has an address.
    """

    id: str
    definition: str
    rollout: str
    status: str
    health: str
    digest: str
    url: str


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service, its deployments (the primary first) and its tasks.

    Attributes:
        configuration: `deploymentConfiguration`, as the API takes it.
    """

    cluster: str
    name: str
    definition: str
    desired: int
    running: int
    rollouts: tuple[Rollout, ...]
    tasks: tuple[Task, ...]
    configuration: dict[str, Any]

    @property
    def primary(self) -> Rollout:
        """The deployment that should run."""
        return self.rollouts[0]

    @property
    def is_stable(self) -> bool:
        """One deployment, complete, with all its tasks."""
        return len(self.rollouts) == 1 and self.primary.state == "COMPLETED" and self.running == self.desired


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A revision of a task definition.

    Attributes:
        name: `family:revision`.
        cpu: in 1/1024 of a processor; None = not said for the whole task.
        memory_mb: the same.
        document: as ECS describes it.
    """

    name: str
    cpu: int | None
    memory_mb: int | None
    document: dict[str, Any]


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """What was scaled, or would be.

    Attributes:
        steps: `scale out` and `scale in` (tasks), `scale up` and `scale down` (memory).
        definition: the revision that is to run; None = the one that runs (or, in a dry run, one that would be made).
        notes: sentences for whoever asked.
    """

    steps: tuple[str, ...]
    tasks_before: int
    tasks: int
    memory_before_mb: int | None
    memory_mb: int | None
    definition: str | None
    dry_run: bool
    notes: tuple[str, ...] = ()
