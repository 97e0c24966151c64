"""The service the playbook scales and deploys: real `anclora serve` processes on the stand-in of ECS."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from scripts.verbatim.play import Did, UnmetError, must
from tests.ecs_server import Ecs
from tests.ecs_service import Service

CLUSTER, SERVICE, TASKS = "anclora-production", "anclora-whatsapp", 4
_BOUND_SECONDS = 600.0
_KEPT = ("PATH", "HOME", "TMPDIR", "LC_ALL", "TZ", "DATABASE_URL", "REDIS_URL")
_PREFIXES = ("ANCLORA_", "EVOLUTION_")


def open_service(ecs: Ecs, env: Mapping[str, str]) -> None:
    """Four dispatch processes of ours, once; and a revision with more memory, for whoever asks for it."""
    for service in ecs.services.values():
        service.least_up = service.desired  # of the command that follows
    if ecs.services:
        return
    given = {name: value for name, value in env.items() if name in _KEPT or name.startswith(_PREFIXES)}
    container: dict[str, Any] = {
        "environment": [{"name": name, "value": value} for name, value in given.items()],
        "stopTimeout": 110,
        "healthCheck": {
            "command": ["CMD-SHELL", "curl -fsS -o /dev/null http://127.0.0.1:$PORT/health/ready"],
            "interval": 5,
            "retries": 10,
            "startPeriod": 120,
        },
    }
    command = ["sh", "-c", "ANCLORA_METRICS_PORT=$PORT exec anclora serve --role dispatch"]
    first, _ = (ecs.register(SERVICE, command, memory=memory, **container) for memory in (2048, 4096))
    # One more at a time: this machine is no cluster.
    made = ecs.create_service(CLUSTER, SERVICE, first, TASKS, maximumPercent=125)
    _stable(ecs, made)


def counts(tasks: int) -> Callable[[Did, Ecs], str]:
    """After `--desired-count`: what describe-services says."""

    def holds(did: Did, ecs: Ecs) -> str:
        service = _told(did, ecs)
        _stable(ecs, service)
        shown = service.shown()
        must(shown["desiredCount"] == shown["runningCount"] == tasks, f"it says {shown['desiredCount']}, not {tasks}")
        return f"describe-services says {tasks}, and {tasks} workers run"

    return holds


def deployed_anew(did: Did, ecs: Ecs) -> str:
    """After `--force-new-deployment`: another deployment, and no task of before."""
    service = _told(did, ecs)
    before = [each["id"] for each in json.loads(did.out)["service"]["deployments"] if each["status"] == "ACTIVE"]
    _stable(ecs, service)
    must(len(before) == 1 and service.primary.id not in before, "there is no new deployment")
    must(all(task.deployment == service.primary.id for task in service.tasks), "a task of before still runs")
    must(service.least_up >= service.desired, f"only {service.least_up} of {service.desired} were up meanwhile")
    return f"a new deployment has replaced all {len(service.tasks)} workers, and never fewer were up"


def runs_revision(number: int) -> Callable[[Did, Ecs], str]:
    """After `--task-definition`: what runs is of that revision."""

    def holds(did: Did, ecs: Ecs) -> str:
        service = _told(did, ecs)
        _stable(ecs, service)
        found = {task.definition["taskDefinitionArn"].rpartition("/")[2] for task in service.tasks}
        must(found == {f"{SERVICE}:{number}"}, f"what runs is {found}")
        return f"all {len(service.tasks)} workers run revision {number}"

    return holds


def _told(did: Did, ecs: Ecs) -> Service:
    """The service the answer is about."""
    try:
        name = json.loads(did.out)["service"]["serviceName"]
    except (ValueError, LookupError):
        raise UnmetError("it prints no service") from None
    return ecs.services[CLUSTER, name]


def _stable(ecs: Ecs, service: Service) -> None:
    try:
        ecs.wait_stable(service, _BOUND_SECONDS)
        ecs.wait(lambda: sum(task.is_up for task in service.tasks) == service.desired, _BOUND_SECONDS)
    except TimeoutError:
        raise UnmetError(f"after {_BOUND_SECONDS:.0f} s it is not stable: {service.shown()}") from None
