"""What may be scaled: the words, the bounds, the rest after a change, and what more tasks cannot help."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anclora.capacity import CapacityReport
from anclora.capacity.ceilings import effective_of
from anclora.capacity.model import Bench, Ceiling
from anclora.deploy.ecs import definition_of, service_of
from anclora.deploy.model import Definition, Rollout, Service
from anclora.deploy.rules import (
    Bounds,
    Wish,
    check_bounds,
    check_quiet,
    note_of,
    resized,
    sender_note,
    steps_of,
)
from anclora.kit.errors import AncloraError, ConflictError, InvalidError

NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)
BOUNDS = Bounds(
    tasks_least=2, tasks_most=12, memory_least_mb=1024, memory_most_mb=8192, cool_down=timedelta(seconds=300)
)


def definition(cpu: int = 1024, memory: int = 2048) -> Definition:
    containers = [{"name": "anclora-whatsapp", "memory": memory}, {"name": "logs", "memory": 128}]
    arn = "arn:aws:ecs:eu-west-1:1:task-definition/anclora-whatsapp:7"
    return definition_of(
        {"taskDefinitionArn": arn, "cpu": str(cpu), "memory": str(memory), "containerDefinitions": containers}
    )


def service(state: str = "COMPLETED", desired: int = 4) -> Service:
    rollout = Rollout(
        id="ecs-svc/1",
        definition="anclora-whatsapp:7",
        is_primary=True,
        state=state,
        reason="",
        desired=desired,
        running=desired,
        pending=0,
        failed=0,
        created_at=NOW,
    )
    return Service(
        cluster="anclora-production",
        name="anclora-whatsapp",
        definition=rollout.definition,
        desired=desired,
        running=desired,
        rollouts=(rollout,),
        tasks=(),
        configuration={},
    )


def capacity(busiest: float | None = None, **rates: float | None) -> CapacityReport:
    ceilings = tuple(
        Ceiling(
            name=name,
            per_second=rates.get(name),
            known="not measured" if rates.get(name) is None else "measured",
            why="no number is connected",
        )
        for name in ("workers", "redis", "postgres", "gateway", "senders")
    )
    return CapacityReport(
        at=NOW,
        effective=effective_of(ceilings),
        ceilings=ceilings,
        bench=Bench(),
        workers=4,
        senders=1,
        senders_away=0,
        waiting=0,
        per_day=None,
        busiest_at=None,
        busiest_per_second=busiest,
        price=None,
    )


@pytest.mark.parametrize(
    ("tasks", "memory", "steps"),
    [
        (6, None, ("scale out",)),
        (2, None, ("scale in",)),
        (None, 4096, ("scale up",)),
        (None, 1024, ("scale down",)),
        (6, 4096, ("scale out", "scale up")),
        (4, 4096, ("scale up",)),
    ],
)
def test_out_is_more_tasks_and_up_is_bigger_ones(tasks: int | None, memory: int | None, steps: tuple[str, ...]) -> None:
    assert steps_of(Wish(tasks=tasks, memory_mb=memory), service(), definition()) == steps


def test_a_wish_for_nothing_is_told_from_one_that_is_granted_already() -> None:
    with pytest.raises(InvalidError, match="--to"):
        steps_of(Wish(), service(), definition())
    with pytest.raises(ConflictError, match="so already: 4 tasks of 2048 MB"):
        steps_of(Wish(tasks=4, memory_mb=2048), service(), definition())


@pytest.mark.parametrize(
    ("word", "step", "swapped"),
    [
        ("out", "scale out", False),
        ("scale-out", "scale out", False),
        ("Scale Out", "scale out", False),
        ("add-tasks", "scale out", False),
        ("Add Tasks", "scale out", False),
        ("up", "scale up", False),
        ("increase-resources", "scale up", False),
        ("in", "scale in", False),
        ("down", "scale down", False),
        ("scale-up", "scale out", True),  # the playbook's "Scale Up (Add Tasks)"
        ("Scale Out", "scale up", True),  # and its "Scale Out (Increase Resources)"
    ],
)
def test_words_are_taken_as_everybody_and_as_the_playbook_means_them(word: str, step: str, swapped: bool) -> None:
    note = note_of(word, [step])
    assert (note is not None) == swapped
    assert note is None or ("The playbook calls this" in note and f"everybody else says {step}" in note)


@pytest.mark.parametrize(
    ("word", "step", "code"),
    [
        ("sideways", "scale out", "unknown_step"),
        ("out", "scale in", "another_step"),
        ("down", "scale up", "another_step"),
        ("add-tasks", "scale up", "another_step"),
        ("increase-resources", "scale out", "another_step"),
    ],
)
def test_a_word_that_means_something_else_is_refused(word: str, step: str, code: str) -> None:
    with pytest.raises(InvalidError) as caught:
        note_of(word, [step])
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("wish", "cpu", "told"),
    [
        ({"tasks": 1}, 1024, "outside 2 to 12"),
        ({"tasks": 13}, 1024, "ANCLORA_SCALE_TASKS_MOST"),
        ({"memory_mb": 512}, 256, "outside 1024 to 8192"),
        ({"memory_mb": 9216}, 2048, "outside 1024 to 8192"),
        ({"memory_mb": 1024}, 1024, "It has: 2048, 3072, 4096"),
        ({"memory_mb": 3000}, 1024, "no task of 1024 CPU units with 3000 MB"),
        ({"memory_mb": 8192}, 512, "It has: 1024, 2048, 3072, 4096"),
        ({"memory_mb": 2048}, 999, "It has: none"),
    ],
)
def test_what_is_out_of_bounds_or_no_size_of_fargate_is_refused(wish: Any, cpu: int, told: str) -> None:
    with pytest.raises(ConflictError, match=told):
        check_bounds(Wish(**wish), definition(cpu), BOUNDS)


@pytest.mark.parametrize(("tasks", "memory", "cpu"), [(2, None, 1024), (12, 8192, 1024), (None, 2048, 256)])
def test_what_is_within_is_not(tasks: int | None, memory: int | None, cpu: int) -> None:
    check_bounds(Wish(tasks=tasks, memory_mb=memory), definition(cpu), BOUNDS)


def test_one_change_after_the_other_with_a_rest_between() -> None:
    with pytest.raises(ConflictError, match="deployment of anclora-whatsapp:7 is under way"):
        check_quiet(service("IN_PROGRESS"), None, NOW, BOUNDS)
    with pytest.raises(ConflictError, match=r"Try again in 1 s"):
        check_quiet(service(), NOW - timedelta(seconds=299.5), NOW, BOUNDS)
    check_quiet(service(), NOW - timedelta(seconds=300), NOW, BOUNDS)
    check_quiet(service(), None, NOW, BOUNDS)


@pytest.mark.parametrize(
    ("busiest", "rates", "told"),
    [
        (None, {"senders": 80.0, "workers": 600.0}, "may send 80 messages a second, the workers that run 600 or more"),
        (90.0, {"senders": 80.0}, "the workers that run 90 or more"),
        (None, {"senders": 0.0}, "no number is connected: nothing can be sent"),
    ],
)
def test_more_tasks_are_refused_where_the_numbers_are_in_the_way(
    busiest: float | None, rates: dict[str, float], told: str
) -> None:
    with pytest.raises(ConflictError, match=told) as caught:
        sender_note(capacity(busiest, **rates))
    assert caught.value.code == "sender_bound"
    assert "More tasks do not help" in caught.value.detail


@pytest.mark.parametrize(
    ("rates", "told"),
    [
        ({"senders": 900.0, "workers": 600.0}, None),
        ({"workers": 600.0}, None),
        ({"workers": 600.0, "redis": 500.0}, "What binds is redis"),
        ({"senders": 80.0}, "not measured"),
        ({"senders": 80.0, "workers": 0.0}, None),  # nobody sends: the tasks are what is missing
        ({}, "not measured"),
    ],
)
def test_otherwise_they_are_not_and_what_is_not_known_is_said(rates: dict[str, float], told: str | None) -> None:
    note = sender_note(capacity(**rates))
    assert note is None if told is None else told in (note or "")


def test_a_bigger_revision_differs_in_its_memory_alone() -> None:
    before = definition()
    made = resized(before, 4096)
    assert made == {
        **before.document,
        "memory": "4096",
        "containerDefinitions": [{"name": "anclora-whatsapp", "memory": 4096}, {"name": "logs", "memory": 128}],
    }


def test_of_several_containers_ours_is_the_one_that_runs() -> None:
    def container(name: str, status: str, digest: str) -> dict[str, Any]:
        card = {"privateIpv4Address": "10.0.0.7"}
        return {"name": name, "lastStatus": status, "imageDigest": digest, "networkInterfaces": [card]}

    at = NOW
    said: dict[str, Any] = {
        "serviceName": "anclora-whatsapp",
        "taskDefinition": "x/anclora-whatsapp:7",
        "desiredCount": 1,
        "runningCount": 1,
        "deployments": [
            {
                "id": "1",
                "status": "PRIMARY",
                "taskDefinition": "x/anclora-whatsapp:7",
                "desiredCount": 1,
                "createdAt": at,
            }
            | {"runningCount": 1, "pendingCount": 0}
        ],
    }
    containers = [
        container("prepare", "STOPPED", "sha256:0"),
        container("logs", "RUNNING", "sha256:1"),
        container("anclora", "RUNNING", "sha256:2"),
    ]
    task = {"taskArn": "x/1", "taskDefinitionArn": "x/anclora-whatsapp:7", "lastStatus": "RUNNING"}
    [found] = service_of(said, [task | {"containers": containers}], cluster="c").tasks
    assert (found.digest, found.url) == ("sha256:2", "http://10.0.0.7:8000")
    [found] = service_of(said, [task | {"containers": containers[:2]}], cluster="c").tasks
    assert found.digest == "sha256:1"
    [found] = service_of(said, [task | {"containers": []}], cluster="c").tasks
    assert (found.digest, found.url) == ("", "")


def test_every_refusal_says_what_to_do() -> None:
    refusals: list[AncloraError] = []
    for busiest in (None, 90.0):
        try:
            sender_note(capacity(busiest, senders=80.0, workers=None if busiest else 600.0))
        except ConflictError as error:
            refusals.append(error)
    assert len(refusals) == 2
    assert all("Raise the numbers' limits" in each.detail for each in refusals)
