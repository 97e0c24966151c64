"""Scaling on the stand-in of ECS: bounded, recorded, at rest afterwards; and the command itself."""

import json
import sys
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from anclora import audit
from anclora.cli import main
from anclora.deploy import Ecs, Wish, bounds_of, scale
from anclora.kit.clock import SystemClock
from anclora.kit.errors import ConflictError, NotFoundError, SetupError, UnavailableError
from anclora.kit.settings import load_settings
from anclora.storage.database import Database
from tests.aws_server import point_to
from tests.ecs_server import Ecs as StandIn
from tests.ecs_server import ecs_server
from tests.ecs_service import Service
from tests.ecs_tasks import NEVER_WELL, Pace
from tests.unit.test_deploy_rules import capacity

CLUSTER, NAME = "anclora-production", "anclora-whatsapp"
ECS = Ecs(CLUSTER, NAME)
SLEEPS = ["sleep", "1000"]
BOUNDS = bounds_of(load_settings())
WORKERS = capacity(workers=600.0, senders=900.0)
SENDERS = capacity(workers=600.0, senders=80.0)


class Later(SystemClock):
    """So much later."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Generator[StandIn, None, None]:
    with ecs_server(Pace(second=0.005, steady=4, tick=0.01)) as running:
        point_to(running.url, monkeypatch)
        yield running


@pytest.fixture
def service(aws: StandIn) -> Service:
    made = aws.create_service(CLUSTER, NAME, aws.register(NAME, SLEEPS, memory=2048), 4)
    aws.wait_stable(made)
    return made


async def scaled(db: Database, *, later: float = 0.0, dry_run: bool = False, found: Any = WORKERS, **wish: Any) -> Any:
    clock = Later(timedelta(seconds=later))
    return await scale(db, ECS, BOUNDS, clock, Wish(**wish), found, actor="cli:ana", dry_run=dry_run)


async def facts(db: Database) -> list[dict[str, Any]]:
    return [entry.detail for entry in await audit.recent(db) if entry.action == "service.scale"]


async def test_more_tasks_and_then_bigger_ones_run_and_both_are_recorded(
    db: Database, aws: StandIn, service: Service
) -> None:
    done = await scaled(db, tasks=6)
    aws.wait(lambda: sum(task.is_up for task in service.tasks) == 6)
    assert (done.steps, ECS.describe().desired, ECS.describe().running) == (("scale out",), 6, 6)

    done = await scaled(db, memory_mb=4096, later=301)
    aws.wait_stable(service)
    after = ECS.describe()
    assert (done.steps, done.definition, after.definition) == (("scale up",), f"{NAME}:2", f"{NAME}:2")
    assert {task.definition for task in after.tasks} == {f"{NAME}:2"}
    made = ECS.definition(after.definition)
    assert made.memory_mb == 4096
    assert made.document["containerDefinitions"] == ECS.definition(f"{NAME}:1").document["containerDefinitions"]
    assert await facts(db) == [
        {"steps": ["scale up"], "tasks": [6, 6], "memory_mb": [2048, 4096]},
        {"steps": ["scale out"], "tasks": [4, 6]},
    ]


async def test_a_dry_run_says_the_same_and_does_nothing(db: Database, aws: StandIn, service: Service) -> None:
    done = await scaled(db, tasks=6, memory_mb=4096, dry_run=True)
    assert (done.steps, done.tasks, done.memory_mb, done.dry_run) == (("scale out", "scale up"), 6, 4096, True)
    assert {name for name, _ in aws.asked if name.startswith(("Update", "Register"))} == {"RegisterTaskDefinition"}
    assert (service.desired, ECS.revisions(NAME), await facts(db)) == (4, [f"{NAME}:1"], [])


async def test_it_rests_after_a_change(db: Database, service: Service) -> None:
    await scaled(db, tasks=5)
    with pytest.raises(ConflictError, match="ANCLORA_SCALE_COOLDOWN_SECONDS"):
        await scaled(db, tasks=6)
    assert service.desired == 5
    await scaled(db, tasks=6, later=301)
    assert service.desired == 6


async def test_more_tasks_do_not_come_where_the_numbers_are_in_the_way_but_fewer_do(
    db: Database, service: Service
) -> None:
    with pytest.raises(ConflictError, match="may send 80 messages a second"):
        await scaled(db, tasks=6, found=SENDERS)
    assert (service.desired, await facts(db)) == (4, [])
    await scaled(db, tasks=3, found=SENDERS)
    assert service.desired == 3


async def test_during_a_deployment_nothing_is_scaled(db: Database, aws: StandIn, service: Service) -> None:
    ECS.update(taskDefinition=aws.register(NAME, SLEEPS, healthCheck=NEVER_WELL))
    with pytest.raises(ConflictError, match="is under way"):
        await scaled(db, tasks=6)
    assert service.desired == 4


async def test_what_ecs_refuses_is_not_recorded(db: Database, service: Service) -> None:
    wrong = Ecs(CLUSTER, "other")
    with pytest.raises(NotFoundError, match="ANCLORA_ECS_SERVICE"):
        await scale(db, wrong, BOUNDS, SystemClock(), Wish(tasks=6), WORKERS, actor="cli:ana", dry_run=False)
    with pytest.raises(NotFoundError, match="no service anclora-whatsapp in the cluster other"):
        Ecs("other", NAME).describe()
    with pytest.raises(ConflictError, match="Unable to describe task definition"):
        ECS.definition(f"{NAME}:9")
    assert await facts(db) == []


def test_no_answer_no_region_and_no_keys_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    point_to("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(UnavailableError, match="cannot be reached"):
        ECS.describe()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(SetupError, match="no region"):
        ECS.describe()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(SetupError, match="no keys"):
        ECS.describe()


def ended(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["anclora", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


@pytest.fixture
def connected(make_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A ledger of the command's own, with one number without limit."""
    url = make_database()
    monkeypatch.setenv("DATABASE_URL", url)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("insert into instances (name, provider, state, secret) values ('sales', 'evolution', 'open', 'x')")
        conn.execute(
            "insert into pacing (instance, preset, per_minute, per_day, warm_up) values ('sales', 'qr', 0, 0, '{}')"
        )
    return url


def test_the_command_says_what_it_did_in_both_ways(
    connected: str, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "scale", "up", "--to", "8", "--dry-run") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Would scale out: 4 -> 8 tasks." in said
    assert "The playbook calls this scale up; everybody else says scale out." in said
    assert service.desired == 4

    assert ended(monkeypatch, "scale", "--to", "8", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["steps"], found["tasks_before"], found["tasks"]) == (["scale out"], 4, 8)
    assert service.desired == 8

    assert ended(monkeypatch, "scale") == 2
    assert "Say how many tasks" in capsys.readouterr().err
    assert ended(monkeypatch, "scale", "--to", "99") == 1
    assert "outside 2 to 12" in capsys.readouterr().err
