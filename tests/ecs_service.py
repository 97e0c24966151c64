"""A service of the ECS stand-in: rolling update within its bounds, and a circuit breaker that takes a release back.

Source: the ECS developer guide, "Deploy by replacing tasks" and "How the deployment circuit breaker detects failures".
The least that stays up is `ceil(desired x minimumHealthyPercent)`, the most that runs or starts
`floor(desired x maximumPercent)`; a task that was told to stop counts for neither. Half of the desired count, between
3 and 200, failed tasks fail a deployment, unless `thresholdConfiguration` says otherwise. Stricter than ECS: a task
that ends by itself before the deployment is complete has failed, whether or not it ran before.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import ceil, floor
from typing import Any
from uuid import uuid4

from tests.ecs_tasks import ARN, Task

_KEPT_STOPPED = 50
Start = Callable[[str, str], Task]


class Deployment:
    """One wish of which definition should run."""

    def __init__(self, definition: str) -> None:
        self.id = f"ecs-svc/{uuid4().int % 10**19}"
        self.definition = definition
        self.status = "PRIMARY"
        self.state = "IN_PROGRESS"
        self.reason = f"ECS deployment {self.id} in progress."
        self.failed = 0
        self.at = self.changed_at = datetime.now(UTC)

    def turn(self, state: str, reason: str) -> None:
        """Another state of its rollout."""
        self.state, self.reason, self.changed_at = state, reason, datetime.now(UTC)


class Service:
    """Tasks of a definition, kept at a count.

    Args:
        cluster: its name.
        name: its own.
        definition: ARN of a task definition.
        desired: how many tasks.
        configuration: `deploymentConfiguration`, as the API takes it.
        start: starts a task of a definition for a deployment.

    Attributes:
        most_at_once: tasks that ran or started at the busiest moment.
        least_up: tasks that counted as up at the poorest moment since the service was first complete.
    """

    def __init__(
        self, *, cluster: str, name: str, definition: str, desired: int, configuration: Mapping[str, Any], start: Start
    ) -> None:
        self.cluster, self.name, self.desired = cluster, name, desired
        self.configuration: dict[str, Any] = {"minimumHealthyPercent": 100, "maximumPercent": 200, **configuration}
        self.tasks: list[Task] = []
        self.stopped: list[Task] = []
        self.deployments = [Deployment(definition)]
        self.events: list[str] = []
        self.most_at_once, self.least_up = 0, desired
        self._start = start
        self._good: str | None = None
        self._created_at = datetime.now(UTC)

    @property
    def primary(self) -> Deployment:
        """What should run."""
        return self.deployments[0]

    def deploy(self, definition: str) -> None:
        """A new deployment takes the place of the present one."""
        self.primary.status = "ACTIVE"
        self.deployments.insert(0, Deployment(definition))

    def step(self) -> None:
        """One look of the scheduler; never waits."""
        for task in self.tasks:
            task.look()
            if task.is_unhealthy and task.is_wanted:
                task.stop("Task failed container health checks", failed=True)
        self._count_failures()
        self._break()
        self._roll()
        self._settle()

    def shown(self) -> dict[str, Any]:
        """As DescribeServices answers."""
        counts = [self._counts(each) for each in self.deployments]
        return {
            "serviceArn": f"{ARN}:service/{self.cluster}/{self.name}",
            "serviceName": self.name,
            "clusterArn": f"{ARN}:cluster/{self.cluster}",
            "status": "ACTIVE",
            "desiredCount": self.desired,
            "runningCount": sum(each["runningCount"] for each in counts),
            "pendingCount": sum(each["pendingCount"] for each in counts),
            "launchType": "FARGATE",
            "taskDefinition": self.primary.definition,
            "deploymentConfiguration": self.configuration,
            "deployments": counts,
            "events": [{"id": str(place), "message": text} for place, text in enumerate(reversed(self.events))],
            "createdAt": self._created_at.timestamp(),
        }

    def _counts(self, deployment: Deployment) -> dict[str, Any]:
        own = self._wanted(deployment)
        up = sum(task.is_up for task in own)
        return {
            "id": deployment.id,
            "status": deployment.status,
            "taskDefinition": deployment.definition,
            "desiredCount": self.desired if deployment is self.primary else 0,
            "runningCount": up,
            "pendingCount": len(own) - up,
            "failedTasks": deployment.failed,
            "createdAt": deployment.at.timestamp(),
            "updatedAt": deployment.changed_at.timestamp(),
            "rolloutState": deployment.state,
            "rolloutStateReason": deployment.reason,
        }

    def _wanted(self, deployment: Deployment) -> list[Task]:
        return [task for task in self.tasks if task.is_wanted and task.deployment == deployment.id]

    def _count_failures(self) -> None:
        """Tasks that ended by themselves, or were unhealthy; each once."""
        for task in [task for task in self.tasks if task.is_stopped]:
            if task.failed and task.deployment == self.primary.id and self.primary.state == "IN_PROGRESS":
                self.primary.failed += 1
            self.tasks.remove(task)
            self.stopped = [*self.stopped, task][-_KEPT_STOPPED:]

    def _break(self) -> None:
        breaker = self.configuration.get("deploymentCircuitBreaker", {})
        primary = self.primary
        if not breaker.get("enable") or primary.state != "IN_PROGRESS" or primary.failed < self._threshold(breaker):
            return
        primary.turn("FAILED", f"ECS deployment circuit breaker: tasks failed to start. {primary.failed} tasks failed.")
        self.events.append(f"(service {self.name}) (deployment {primary.id}) deployment failed: tasks failed to start.")
        if breaker.get("rollback") and self._good is not None:
            self.deploy(self._good)
            self.primary.turn("IN_PROGRESS", f"ECS deployment circuit breaker: rolling back to {self._good}.")
            self.events.append(f"(service {self.name}) rolling back to deployment {self.primary.id}.")

    def _threshold(self, breaker: Mapping[str, Any]) -> int:
        told = breaker.get("thresholdConfiguration")
        if told is None:
            return min(max(ceil(self.desired / 2), 3), 200)
        return told["value"] if told["type"] == "COUNT" else max(1, ceil(self.desired * told["value"] / 100))

    def _roll(self) -> None:
        """Start what is missing and stop what is too much, within the bounds."""
        least = ceil(self.desired * self.configuration["minimumHealthyPercent"] / 100)
        most = floor(self.desired * self.configuration["maximumPercent"] / 100)
        own, old = self._wanted(self.primary), self._old()
        halted = self.primary.state == "FAILED"
        for _ in range(0 if halted else min(self.desired - len(own), most - len(own) - len(old))):
            task = self._start(self.primary.definition, self.primary.id)
            self.tasks.append(task)
            own.append(task)
        self.most_at_once = max(self.most_at_once, len(own) + len(old))
        for task in own[: max(0, len(own) - self.desired)]:
            task.stop("Scaling activity initiated by deployment")
        if halted:
            return
        up = sum(task.is_up for task in [*own, *old])
        for task in sorted(old, key=lambda each: (each.is_up, each.created_at)):
            if task.is_up and up - 1 < least:
                break
            up -= task.is_up
            task.stop("Scaling activity initiated by deployment")

    def _old(self) -> list[Task]:
        return [task for each in self.deployments[1:] for task in self._wanted(each)]

    def _settle(self) -> None:
        """Deployments without tasks go; the one that has all of its own and no other is complete."""
        busy = {task.deployment for task in self.tasks}
        self.deployments = [each for each in self.deployments if each is self.primary or each.id in busy]
        up = sum(task.is_up for task in self._wanted(self.primary))
        if self.primary.state == "IN_PROGRESS" and up == self.desired and len(self.deployments) == 1:
            self.primary.turn("COMPLETED", f"ECS deployment {self.primary.id} completed.")
            self._good = self.primary.definition
            self.events.append(f"(service {self.name}) has reached a steady state.")
        if self._good is not None:
            self.least_up = min(self.least_up, sum(task.is_up for task in self.tasks))
