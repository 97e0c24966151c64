"""The stand-in of ECS keeps ECS's own rules, with tiny real processes, and answers in the shapes boto3 knows."""

import os
import signal
import subprocess
import urllib.request
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session
from botocore.exceptions import ClientError

from tests.aws_server import point_to
from tests.ecs_server import Ecs, ecs_server
from tests.ecs_service import Service
from tests.ecs_tasks import NEVER_WELL, Pace

CLUSTER, NAME = "anclora-production", "anclora-whatsapp"
SLEEPS = ["sleep", "1000"]
STUBBORN = ["sh", "-c", "trap '' TERM; touch deaf; while :; do sleep 0.02; done"]
DEAF = {"command": ["CMD-SHELL", "test -e deaf"], "interval": 10, "timeout": 2_000, "retries": 9_000}
FAST = Pace(second=0.005, steady=10, tick=0.01)  # 110 s of a definition last 0.55 s


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Generator[Ecs, None, None]:
    with ecs_server(FAST) as running:
        point_to(running.url, monkeypatch)
        yield running


def client() -> Any:
    return Session().client("ecs", region_name="eu-west-1")


def service(ecs: Ecs, command: list[str], desired: int = 4, *, container: Any = None, **configuration: Any) -> Service:
    made = ecs.create_service(CLUSTER, NAME, ecs.register(NAME, command, **(container or {})), desired, **configuration)
    ecs.wait_stable(made)
    return made


def described() -> Any:
    return client().describe_services(cluster=CLUSTER, services=[NAME])["services"][0]


def update(**wish: Any) -> Any:
    return client().update_service(cluster=CLUSTER, service=NAME, **wish)["service"]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_as_many_processes_run_as_are_desired(ecs: Ecs) -> None:
    made = service(ecs, SLEEPS)
    for desired in (6, 2):
        assert update(desiredCount=desired)["desiredCount"] == desired
        ecs.wait(lambda desired=desired: [task.is_up for task in made.tasks] == [True] * desired)
        assert described()["runningCount"] == desired
        assert all(lives(task.pid) for task in made.tasks)
    assert len(described()["deployments"]) == 1


@pytest.mark.parametrize(("least", "most", "at_once", "up"), [(100, 200, 8, 4), (100, 125, 5, 4), (50, 100, 4, 2)])
def test_a_rolling_update_stays_within_its_bounds(ecs: Ecs, least: int, most: int, at_once: int, up: int) -> None:
    made = service(ecs, SLEEPS, minimumHealthyPercent=least, maximumPercent=most)
    before = {task.pid for task in made.tasks}
    first = described()["deployments"][0]["id"]

    newest = [each for each in update(forceNewDeployment=True)["deployments"] if each["status"] == "PRIMARY"]
    ecs.wait_stable(made)

    assert newest[0]["id"] == described()["deployments"][0]["id"] != first
    assert (made.most_at_once, made.least_up) == (at_once, up)
    assert not before & {task.pid for task in made.tasks}
    assert not any(lives(pid) for pid in before)


def test_a_release_that_does_not_start_is_taken_back(ecs: Ecs) -> None:
    made = service(ecs, SLEEPS, deploymentCircuitBreaker={"enable": True, "rollback": True})
    good = described()["taskDefinition"]
    bad = update(taskDefinition=ecs.register(NAME, ["false"], healthCheck=NEVER_WELL))["deployments"][0]

    ecs.wait(lambda: made.primary.definition == good)
    ecs.wait_stable(made)

    assert bad["taskDefinition"].endswith(":2")
    assert any("deployment failed: tasks failed to start" in each["message"] for each in described()["events"])
    assert (described()["taskDefinition"], made.least_up) == (good, 4)


def test_without_a_way_back_it_stops_trying_and_the_old_stay(ecs: Ecs) -> None:
    breaker = {"enable": True, "rollback": False, "thresholdConfiguration": {"type": "COUNT", "value": 2}}
    made = service(ecs, SLEEPS, deploymentCircuitBreaker=breaker)
    update(taskDefinition=ecs.register(NAME, ["false"], healthCheck=NEVER_WELL))
    ecs.wait(lambda: made.primary.state == "FAILED")
    ecs.wait(lambda: not made.shown()["deployments"][0]["pendingCount"])
    shown = described()
    assert [each["runningCount"] for each in shown["deployments"]] == [0, 4]
    assert shown["deployments"][0]["failedTasks"] >= 2


def test_who_does_not_end_in_his_time_is_killed_and_who_does_is_not(ecs: Ecs) -> None:
    made = service(ecs, STUBBORN, desired=1, container={"stopTimeout": 110, "healthCheck": DEAF})
    [stubborn] = made.tasks
    arn = client().list_tasks(cluster=CLUSTER, serviceName=NAME)["taskArns"][0]
    update(taskDefinition=ecs.register(NAME, SLEEPS, stopTimeout=110))
    ecs.wait(lambda: stubborn.is_stopped)
    [shown] = client().describe_tasks(cluster=CLUSTER, tasks=[arn])["tasks"]
    assert (shown["lastStatus"], shown["containers"][0]["exitCode"], stubborn.killed) == ("STOPPED", 137, True)
    assert (shown["stoppedAt"] - shown["startedAt"]).total_seconds() >= 110 * FAST.second

    ecs.wait_stable(made)
    [polite] = made.tasks
    client().stop_task(cluster=CLUSTER, task=polite.arn, reason="its turn")
    ecs.wait(lambda: polite.is_stopped)
    [shown] = client().describe_tasks(cluster=CLUSTER, tasks=[polite.arn])["tasks"]
    assert (shown["stoppedReason"], shown["containers"][0]["exitCode"]) == ("its turn", 128 + signal.SIGTERM)
    assert not polite.killed


def test_a_task_that_is_not_healthy_makes_room_for_another(ecs: Ecs, tmp_path: Path) -> None:
    ill = tmp_path / "ill"
    check = {"command": ["CMD-SHELL", f"test ! -e {ill}"], "interval": 10, "timeout": 2_000, "retries": 2}
    made = service(ecs, SLEEPS, desired=1, container={"healthCheck": check})
    [first] = made.tasks
    assert first.shown()["healthStatus"] == "HEALTHY"
    ill.touch()
    ecs.wait(lambda: first.is_stopped)
    ill.unlink()
    ecs.wait(lambda: [task.is_up for task in made.tasks] == [True])
    assert first.stop_reason == "Task failed container health checks"


def test_a_task_answers_at_the_port_it_shows(ecs: Ecs) -> None:
    serve = "h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), h.BaseHTTPRequestHandler).serve_forever()"
    program = f"import http.server as h, os; {serve}"
    probe = "exec 3<>/dev/tcp/127.0.0.1/$PORT"
    check = {"command": ["CMD", "bash", "-c", probe], "interval": 10, "timeout": 400, "retries": 500}
    service(ecs, ["python3", "-c", program], desired=1, container={"healthCheck": check})
    arns = client().list_tasks(cluster=CLUSTER, serviceName=NAME)["taskArns"]
    [task] = client().describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
    [binding] = task["containers"][0]["networkBindings"]
    with pytest.raises(urllib.request.HTTPError, match="501"):
        urllib.request.urlopen(f"http://{binding['bindIP']}:{binding['hostPort']}/", timeout=30)


def test_it_ends_what_it_started_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as bystander:
        with ecs_server(FAST) as running:
            point_to(running.url, monkeypatch)
            pids = [task.pid for task in service(running, STUBBORN).tasks]
            assert all(lives(pid) for pid in pids)
        assert not any(lives(pid) for pid in pids)
        assert bystander.poll() is None
        bystander.kill()


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"cluster": "other", "service": NAME, "desiredCount": 1}, "ClusterNotFoundException"),
        ({"cluster": CLUSTER, "service": "other", "desiredCount": 1}, "ServiceNotFoundException"),
        ({"cluster": CLUSTER, "service": NAME, "taskDefinition": f"{NAME}:9"}, "ClientException"),
        ({"cluster": CLUSTER, "service": NAME, "desiredCount": -1}, "InvalidParameterException"),
    ],
)
def test_what_is_not_there_is_refused_by_its_name(ecs: Ecs, wish: Mapping[str, Any], code: str) -> None:
    service(ecs, SLEEPS, desired=1)
    with pytest.raises(ClientError) as caught:
        client().update_service(**wish)
    assert caught.value.response["Error"]["Code"] == code
    assert described()["desiredCount"] == 1


def test_every_answer_has_only_members_that_boto3_knows(ecs: Ecs) -> None:
    made = service(ecs, SLEEPS, desired=1)
    [task] = made.tasks
    here = {"cluster": CLUSTER}
    asked: Mapping[str, Mapping[str, Any]] = {
        "DescribeServices": {**here, "services": [NAME, "gone"]},
        "UpdateService": {**here, "service": NAME, "forceNewDeployment": True},
        "ListTasks": {**here, "serviceName": NAME},
        "DescribeTasks": {**here, "tasks": [task.arn, "gone"]},
        "StopTask": {**here, "task": task.id},
        "RegisterTaskDefinition": {"family": NAME, "containerDefinitions": [{"name": NAME, "image": NAME}]},
        "DescribeTaskDefinition": {"taskDefinition": NAME},
        "ListTaskDefinitions": {"familyPrefix": NAME, "sort": "DESC"},
    }
    model = client().meta.service_model
    for operation, wish in asked.items():
        assert unknown(ecs.answer(operation, wish), model.operation_model(operation).output_shape, operation) == []


def unknown(value: Any, shape: Any, path: str) -> list[str]:
    """Members of an answer that the model of botocore has not."""
    if shape.type_name == "list":
        return [each for one in value for each in unknown(one, shape.member, path)]
    if shape.type_name != "structure":
        return []
    found = [f"{path}.{name}" for name in value if name not in shape.members]
    known = [name for name in value if name in shape.members]
    return found + [each for name in known for each in unknown(value[name], shape.members[name], f"{path}.{name}")]
