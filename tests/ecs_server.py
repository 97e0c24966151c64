"""A small ECS on a loopback socket: the JSON protocol boto3 and `aws` speak, over services of real processes.

Knows what the playbook and `anclora scale|deploy` ask: describe-services, update-service, list-tasks, describe-tasks,
stop-task, describe-, list- and register-task-definition. It asks for no signature. A task gets a free port as `PORT`,
which DescribeTasks shows as a network binding; `entryPoint` and `command` are what runs, `image` only gives the digest.
"""

import contextlib
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.ecs_service import Service
from tests.ecs_tasks import ARN, Pace, Task

_TARGET = "AmazonEC2ContainerServiceV20141113."
_JOIN_SECONDS = 30.0
_MOST_TASKS = 100


class RefusedError(Exception):
    """What ECS refuses: the name of its exception, and a sentence."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Ecs:
    """Clusters of services, and the scheduler that looks after them in a thread of its own.

    Args:
        pace: how fast time goes.
        folder: for logs of tasks.
    """

    def __init__(self, pace: Pace, folder: Path) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.lock = threading.RLock()
        self._pace, self._folder = pace, folder
        self._definitions: dict[str, list[dict[str, Any]]] = {}
        self.services: dict[tuple[str, str], Service] = {}
        self._over = threading.Event()
        # A dying thread would take its tied children along, so one starts and watches them all.
        self._scheduler = threading.Thread(target=self._watch, name="ecs", daemon=True)

    def register(self, family: str, command: Sequence[str], **container: Any) -> str:
        """Register a revision with one container; its ARN. `cpu` and `memory` are the task's."""
        size = {"cpu": str(container.pop("cpu", 1024)), "memory": str(container.pop("memory", 2048))}
        one = {"name": family, "image": family, "essential": True, "command": list(command), **container}
        asked = {"family": family, "containerDefinitions": [one], **size}
        made: str = self.answer("RegisterTaskDefinition", asked)["taskDefinition"]["taskDefinitionArn"]
        return made

    def create_service(self, cluster: str, name: str, definition: str, desired: int, **configuration: Any) -> Service:
        """A service; its first tasks start soon. `configuration` is its `deploymentConfiguration`."""

        def start(arn: str, deployment: str) -> Task:
            return Task(
                cluster=cluster,
                service=name,
                definition=self._definition(arn),
                deployment=deployment,
                pace=self._pace,
                folder=self._folder,
            )

        with self.lock:
            arn = self._definition(definition)["taskDefinitionArn"]
            made = Service(
                cluster=cluster, name=name, definition=arn, desired=desired, configuration=configuration, start=start
            )
            self.services[cluster, name] = made
        return made

    def wait(self, holds: Callable[[], bool], timeout_seconds: float = 45.0) -> None:
        """Until it holds.

        Raises:
            TimeoutError: it does not.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            with self.lock:
                if holds():
                    return
            if time.monotonic() > deadline:
                raise TimeoutError("It does not become so.")
            self._over.wait(self._pace.tick)

    def wait_stable(self, service: Service, timeout_seconds: float = 45.0) -> None:
        """Until one deployment is left, and complete."""
        self.wait(lambda: len(service.deployments) == 1 and service.primary.state == "COMPLETED", timeout_seconds)

    def start(self) -> None:
        """Let the scheduler begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End the scheduler and every process it started."""
        self._over.set()
        self._scheduler.join(_JOIN_SECONDS)

    def answer(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What an operation answers.

        Raises:
            RefusedError: it is refused.
        """
        with self.lock:
            self.asked.append((operation, dict(asked)))
            known = {
                "DescribeServices": self._describe_services,
                "UpdateService": self._update_service,
                "ListTasks": self._list_tasks,
                "DescribeTasks": self._describe_tasks,
                "StopTask": self._stop_task,
                "RegisterTaskDefinition": self._register,
                "DescribeTaskDefinition": lambda it: {"taskDefinition": self._definition(it["taskDefinition"])},
                "ListTaskDefinitions": self._list_definitions,
            }
            if operation not in known:
                raise RefusedError("UnsupportedFeatureException", f"{operation} is not known here.")
            return known[operation](asked)

    def _watch(self) -> None:
        while not self._over.wait(self._pace.tick):
            with self.lock:
                for service in self.services.values():
                    service.step()
        for service in self.services.values():
            for task in service.tasks:
                task.end()

    def _service(self, asked: Mapping[str, Any], name: str) -> Service | None:
        cluster = asked.get("cluster", "default").rpartition("/")[2]
        if cluster not in {each for each, _ in self.services}:
            raise RefusedError("ClusterNotFoundException", "Cluster not found.")
        return self.services.get((cluster, name.rpartition("/")[2]))

    def _one(self, asked: Mapping[str, Any], name: str) -> Service:
        found = self._service(asked, name)
        if found is None:
            raise RefusedError("ServiceNotFoundException", "Service not found.")
        return found

    def _describe_services(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: self._service(asked, name) for name in asked["services"]}
        return {
            "services": [each.shown() for each in found.values() if each],
            "failures": [{"arn": name, "reason": "MISSING"} for name, each in found.items() if each is None],
        }

    def _update_service(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        service = self._one(asked, asked["service"])
        definition = asked.get("taskDefinition")
        arn = self._definition(definition)["taskDefinitionArn"] if definition else service.primary.definition
        if asked.get("desiredCount", 0) < 0:
            raise RefusedError("InvalidParameterException", "desiredCount must not be negative.")
        configuration = {**service.configuration, **asked.get("deploymentConfiguration", {})}
        if configuration["maximumPercent"] <= configuration["minimumHealthyPercent"] == 100:
            raise RefusedError("InvalidParameterException", "maximumPercent must be over 100 when the minimum is 100.")
        service.configuration = configuration
        service.desired = asked.get("desiredCount", service.desired)
        if asked.get("forceNewDeployment") or arn != service.primary.definition:
            service.deploy(arn)
        return {"service": service.shown()}

    def _tasks(self, asked: Mapping[str, Any]) -> list[Task]:
        cluster = asked.get("cluster", "default").rpartition("/")[2]
        found = [each for (where, _), each in self.services.items() if where == cluster]
        if not found:
            raise RefusedError("ClusterNotFoundException", "Cluster not found.")
        return [task for service in found for task in (*service.tasks, *service.stopped)]

    def _list_tasks(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked.get("serviceName")
        wanted = asked.get("desiredStatus", "RUNNING")
        tasks = self._tasks(asked) if name is None else [*(one := self._one(asked, name)).tasks, *one.stopped]
        return {"taskArns": [each.arn for each in tasks if each.shown()["desiredStatus"] == wanted][:_MOST_TASKS]}

    def _describe_tasks(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        by_id = {task.id: task for task in self._tasks(asked)}
        wanted = {name: by_id.get(name.rpartition("/")[2]) for name in asked["tasks"]}
        return {
            "tasks": [task.shown() for task in wanted.values() if task],
            "failures": [{"arn": name, "reason": "MISSING"} for name, task in wanted.items() if task is None],
        }

    def _stop_task(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        found = [task for task in self._tasks(asked) if task.id == asked["task"].rpartition("/")[2]]
        if not found:
            raise RefusedError("InvalidParameterException", "The referenced task was not found.")
        found[0].stop(asked.get("reason", "Task stopped by user"))
        return {"task": found[0].shown()}

    def _register(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        revisions = self._definitions.setdefault(asked["family"], [])
        number = len(revisions) + 1
        arn = f"{ARN}:task-definition/{asked['family']}:{number}"
        made = {**asked, "taskDefinitionArn": arn, "revision": number, "status": "ACTIVE", "compatibilities": ["EC2"]}
        revisions.append(made)
        return {"taskDefinition": made}

    def _list_definitions(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        found = [each["taskDefinitionArn"] for each in self._definitions.get(asked["familyPrefix"], ())]
        return {"taskDefinitionArns": found[::-1] if asked.get("sort") == "DESC" else found}

    def _definition(self, name: str) -> dict[str, Any]:
        family, _, revision = name.rpartition("/")[2].partition(":")
        revisions = self._definitions.get(family, [])
        number = int(revision) if revision.isdecimal() else len(revisions) if not revision else 0
        if not 1 <= number <= len(revisions):
            raise RefusedError("ClientException", "Unable to describe task definition.")
        return revisions[number - 1]


@contextlib.contextmanager
def ecs_server(pace: Pace | None = None) -> Generator[Ecs, None, None]:
    """An empty one that answers at its `url`; with the block every process it started is gone."""
    folder = Path(tempfile.mkdtemp(prefix="anclora-ecs-"))
    ecs = Ecs(pace or Pace(), folder)

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers.get("X-Amz-Target", "").removeprefix(_TARGET)
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, said = 200, ecs.answer(operation, asked)
            except RefusedError as error:
                status, said = 400, {"__type": error.kind, "message": str(error)}
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class says so
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    ecs.url = f"http://127.0.0.1:{server.server_port}"
    ecs.start()
    try:
        yield ecs
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_JOIN_SECONDS)
        ecs.stop()
        shutil.rmtree(folder, ignore_errors=True)
