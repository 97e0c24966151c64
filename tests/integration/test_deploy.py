"""Deploys on the stand-in of ECS under load: a bad release goes back, a good one stays, and tasks turn one by one."""

import asyncio
import contextlib
import getpass
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest

from anclora import audit
from anclora.access import list_keys
from anclora.cli import main
from anclora.deploy import Ecs, Figures, Waits, rollback, rotate, status, verify
from anclora.deploy.judge import Limits
from anclora.kit.clock import SystemClock
from anclora.kit.errors import ConflictError, NotFoundError
from anclora.smoke import Asked
from anclora.storage.database import Database
from tests.aws_server import point_to
from tests.ecs_server import Ecs as StandIn
from tests.ecs_server import ecs_server
from tests.ecs_service import Service
from tests.ecs_tasks import NEVER_WELL, Pace, digest_of
from tests.waiting import eventually

CLUSTER, NAME = "anclora-production", "anclora-whatsapp"
WHO = "cli:ana"
ECS, CLOCK = Ecs(CLUSTER, NAME), SystemClock()
WAITS = Waits(stable=90, window=20, look=0.1)
SHORT, FEW = Waits(stable=90, window=3, look=0.1), Limits(least=10)
WORKER = str(Path(__file__).parents[1] / "ecs_worker.py")
OLD, NEW = digest_of("anclora:1"), digest_of("anclora:2")
# Each task and each look at one is a process, which a busy machine is slow to start.
pytestmark = pytest.mark.timeout(240)
REACHABLE = {"command": ["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PORT"], "interval": 30, "retries": 200}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Generator[StandIn, None, None]:
    with ecs_server(Pace(second=0.01, tick=0.01)) as running:
        point_to(running.url, monkeypatch)
        yield running


def revision(aws: StandIn, image: str, fail_every: int = 0) -> str:
    command = [sys.executable, "-I", WORKER, str(fail_every)]
    return aws.register(NAME, command, image=image, healthCheck=REACHABLE | {"timeout": 500}, stopTimeout=110)


def never_well(aws: StandIn) -> str:
    """A revision whose deployment goes on for ever."""
    return aws.register(NAME, ["sleep", "1000"], image="anclora:2", healthCheck=NEVER_WELL)


@pytest.fixture
def service(aws: StandIn) -> Service:
    breaker = {"enable": True, "rollback": True}
    made = aws.create_service(CLUSTER, NAME, revision(aws, "anclora:1"), 2, deploymentCircuitBreaker=breaker)
    aws.wait_stable(made)
    return made


@contextlib.asynccontextmanager
async def load(service: Service) -> AsyncGenerator[None, None]:
    """Requests to every task there is, one after the other, until the block ends."""

    async def go_on() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while True:
                for port in [task.port for task in service.tasks if task.is_up]:
                    with contextlib.suppress(aiohttp.ClientError, OSError):  # it may just be leaving
                        await (await session.get(f"http://127.0.0.1:{port}/work")).read()
                await asyncio.sleep(0)

    running = asyncio.create_task(go_on())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def figures_so_far() -> Figures:
    """What the tasks did, once that is enough to compare with."""

    async def enough() -> bool:
        nonlocal found
        found = (await status(ECS)).figures or found
        return found.requests >= 50

    found = Figures()
    await eventually(enough, timeout_seconds=60)
    return found


async def facts(db: Database) -> list[tuple[str, dict[str, Any]]]:
    return [(entry.action, entry.detail) for entry in await audit.recent(db)]


async def test_a_release_that_fails_a_fifth_of_its_requests_is_judged_bad_and_taken_back(
    db: Database, aws: StandIn, service: Service
) -> None:
    before = {task.id for task in service.tasks}
    async with load(service):
        known = await figures_so_far()
        ECS.update(taskDefinition=revision(aws, "anclora:2", fail_every=5))
        found = await verify(db, ECS, CLOCK, WAITS, actor=WHO, digest=NEW, before=known, roll_back=True)

    assert (found.definition, found.digests, found.findings, found.is_good) == (f"{NAME}:2", (NEW,), (), False)
    assert found.judged is not None
    assert found.judged.verdict == "bad"
    [reason] = found.judged.reasons
    assert reason.startswith("requests that failed: ")
    assert "before 0.0%, allowed 1.0%" in reason
    assert found.rolled_back is not None
    assert (found.rolled_back.definition, found.rolled_back.findings) == (f"{NAME}:1", ())
    after = await status(ECS)
    assert (after.digests, after.findings, after.service.running) == ((OLD,), (), 2)
    assert not before & {task.id for task in service.tasks}
    assert service.least_up == 2
    assert await facts(db) == [
        ("service.rollback", {"from": f"{NAME}:2", "to": f"{NAME}:1", "reason": f"judged bad: {reason}"})
    ]


async def test_a_good_release_is_good_and_stays(db: Database, aws: StandIn, service: Service) -> None:
    async with load(service):
        ECS.update(taskDefinition=revision(aws, "anclora:2"))
        found = await verify(db, ECS, CLOCK, SHORT, actor=WHO, digest=NEW, limits=FEW, roll_back=True)
    assert (found.is_good, found.rolled_back, await facts(db)) == (True, None, [])
    assert found.judged is not None
    assert found.judged.reasons == ()
    assert (await status(ECS)).digests == (NEW,)


async def test_a_release_of_which_a_path_does_not_go_is_bad_before_it_is_watched(
    db: Database, aws: StandIn, service: Service
) -> None:
    ECS.update(taskDefinition=revision(aws, "anclora:2"))
    asked, heard = Asked(env="production", to="+34600111999"), list[str]()
    found = await verify(db, ECS, CLOCK, WAITS, actor=WHO, digest=NEW, asked=asked, roll_back=True, say=heard.append)
    assert (found.is_good, found.findings) == (False, ())
    assert found.judged is not None
    assert (found.judged.verdict, found.judged.compared) == ("bad", ())
    reasons = {words.partition(":")[0]: words for words in found.judged.reasons}
    assert "smoke test, health" not in reasons  # whatever is asked of this worker, it says that it is done
    assert reasons["smoke test, refusal"].startswith("smoke test, refusal: POST /api/v1/messages answered 501, not 401")
    assert not any("Watching" in words for words in heard)
    assert found.rolled_back is not None
    assert (await status(ECS)).digests == (OLD,)
    changes = await facts(db)
    assert [action for action, _ in changes] == ["service.rollback", "key.revoke", "key.create"]
    assert changes[0][1]["reason"] == f"judged bad: {'; '.join(found.judged.reasons)}"
    assert [key.revoked_at is None for key in await list_keys(db)] == [False]


async def test_what_was_before_may_be_known_from_before(db: Database, aws: StandIn, service: Service) -> None:
    async with load(service):
        ECS.update(taskDefinition=revision(aws, "anclora:2", fail_every=5))
        as_bad = Figures(requests=1000, requests_failed=200)
        found = await verify(db, ECS, CLOCK, SHORT, actor=WHO, digest=NEW, before=as_bad, limits=FEW, roll_back=True)
    assert found.is_good
    assert found.judged is not None
    assert "before 20.0%, allowed 40.0%" in found.judged.compared[0]


async def test_without_traffic_nobody_can_say_and_nothing_goes_back(
    db: Database, aws: StandIn, service: Service
) -> None:
    ECS.update(taskDefinition=revision(aws, "anclora:2"))
    found = await verify(db, ECS, CLOCK, Waits(stable=30, window=0.2, look=0.1), actor=WHO, digest=NEW, roll_back=True)
    assert found.judged is not None
    assert (found.judged.verdict, found.is_good, found.rolled_back) == ("unknown", False, None)
    assert service.primary.definition.endswith(":2")


async def test_a_release_that_ecs_took_back_is_stable_and_still_not_what_was_asked_for(
    db: Database, aws: StandIn, service: Service
) -> None:
    ECS.update(taskDefinition=aws.register(NAME, ["false"], image="anclora:2", healthCheck=NEVER_WELL))
    aws.wait(lambda: service.primary.definition.endswith(":1"))
    found = await verify(db, ECS, CLOCK, WAITS, actor=WHO, digest=NEW, roll_back=True)
    assert found.findings == (f"What runs is {OLD}, and not {NEW}.",)
    assert (found.judged, found.rolled_back, found.is_good) == (None, None, False)


async def test_a_deployment_that_does_not_end_is_told(db: Database, aws: StandIn, service: Service) -> None:
    ECS.update(taskDefinition=never_well(aws))
    found = await verify(db, ECS, CLOCK, Waits(stable=0.3, window=20, look=0.1), actor=WHO, digest=NEW)
    assert found.findings[0] == f"A deployment of {NAME}:2 is under way: 0 of 2 run."
    assert found.judged is None


async def test_tasks_are_rotated_one_at_a_time_and_what_they_showed_is_kept(
    db: Database, aws: StandIn, service: Service, tmp_path: Path
) -> None:
    before = {task.id for task in service.tasks}
    bounds = dict(service.configuration)
    folder = tmp_path / "kept"
    looked = await rotate(db, ECS, CLOCK, WAITS, actor=WHO, keep=folder, dry_run=True)
    assert (looked.dry_run, set(looked.memory_mb), folder.exists()) == (True, before, False)
    assert {task.id for task in service.tasks} == before

    found = await rotate(db, ECS, CLOCK, WAITS, actor=WHO, keep=folder)

    assert (found.memory_mb, found.blind, found.findings) == (dict.fromkeys(before, 150), (), ())
    assert {path.name for path in folder.iterdir()} == {f"{name}.prom" for name in before}
    assert set(found.memory_after_mb) == {task.id for task in service.tasks}
    assert not before & set(found.memory_after_mb)
    assert (service.most_at_once, service.least_up, service.configuration) == (3, 2, bounds)
    assert (await status(ECS)).findings == ()
    detail = {"definition": f"{NAME}:1", "memory_mb": found.memory_mb, "blind": []}
    assert await facts(db) == [("service.rotate", detail)]


async def test_tasks_that_do_not_answer_are_named_and_say_nothing(db: Database, aws: StandIn, tmp_path: Path) -> None:
    silent = aws.create_service(CLUSTER, NAME, aws.register(NAME, ["sleep", "1000"], image="anclora:1"), 2)
    aws.wait_stable(silent)
    before = {task.id for task in silent.tasks}
    assert (await status(ECS)).figures is None
    found = await rotate(db, ECS, CLOCK, WAITS, actor=WHO, keep=tmp_path)
    assert (set(found.blind), found.memory_mb, found.findings) == (before, {}, ())
    judged = (await verify(db, ECS, CLOCK, Waits(stable=30, window=0.2, look=0.1), actor=WHO, digest=OLD)).judged
    assert judged is not None
    assert (judged.verdict, judged.reasons) == ("unknown", ("no task of the release answers at /metrics",))


async def test_nothing_is_rotated_during_a_deployment_or_when_nothing_can_be_kept(
    db: Database, aws: StandIn, service: Service, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Exception, match="cannot be written"):
        await rotate(db, ECS, CLOCK, WAITS, actor=WHO, keep=tmp_path / "file" / "below")
    ECS.update(taskDefinition=never_well(aws))
    with pytest.raises(ConflictError, match="is under way"):
        await rotate(db, ECS, CLOCK, WAITS, actor=WHO, keep=tmp_path)
    assert await facts(db) == []


async def test_back_is_to_the_revision_before_or_to_the_one_that_is_named(
    db: Database, aws: StandIn, service: Service
) -> None:
    with pytest.raises(NotFoundError, match="nothing to go back to"):
        await rollback(db, ECS, CLOCK, WAITS, actor=WHO, reason="it is slow")
    revision(aws, "anclora:2")
    ECS.update(taskDefinition=never_well(aws))
    # In the middle of a deployment it is what is being replaced.
    found = await rollback(db, ECS, CLOCK, WAITS, actor=WHO, reason="it never ends")
    assert (found.before, found.definition, found.findings) == (f"{NAME}:3", f"{NAME}:1", ())
    found = await rollback(db, ECS, CLOCK, WAITS, actor=WHO, reason="that one was right", to=2)
    assert (found.before, found.definition, (await status(ECS)).digests) == (f"{NAME}:1", f"{NAME}:2", (NEW,))
    looked = await rollback(db, ECS, CLOCK, WAITS, actor=WHO, reason="perhaps", dry_run=True)
    assert (looked.definition, service.primary.definition[-2:]) == (f"{NAME}:1", ":2")
    with pytest.raises(ConflictError, match="runs already"):
        await rollback(db, ECS, CLOCK, WAITS, actor=WHO, reason="x", to=2)
    with pytest.raises(NotFoundError, match=f"no {NAME}:9 .* {NAME}:3, {NAME}:2, {NAME}:1"):
        await rollback(db, ECS, CLOCK, WAITS, actor=WHO, reason="x", to=9)
    assert [detail["reason"] for _, detail in await facts(db)] == ["that one was right", "it never ends"]


def ended(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["anclora", "deploy", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


def test_the_commands_say_it_and_end_with_it(
    make_database: Callable[[], str],
    aws: StandIn,
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", make_database())
    kept = tmp_path / "before.json"
    assert ended(monkeypatch, "status", "--keep", str(kept)) == 0
    assert "is stable: 2 tasks of anclora-whatsapp:1." in " ".join(capsys.readouterr().out.split())
    assert json.loads(kept.read_bytes())["tasks"] == 2

    quick = ("--minutes", "0", "--look-seconds", "0.1")
    assert ended(monkeypatch, "verify", "--digest", OLD, "--before", str(kept), *quick) == 0
    assert "by the digest that was asked for" in " ".join(capsys.readouterr().out.split())
    assert ended(monkeypatch, "verify", "--digest", NEW, "--json", *quick) == 1
    assert json.loads(capsys.readouterr().out)["findings"] == [f"What runs is {OLD}, and not {NEW}."]
    assert ended(monkeypatch, "verify", "--digest", OLD, "--smoke-to", "+34600111999", *quick) == 1
    assert "is bad: smoke test, metrics: /queue/metrics answered what is no JSON" in " ".join(
        capsys.readouterr().out.split()
    )
    assert ended(monkeypatch, "verify", "--digest", OLD, "--smoke-to", "ana", *quick) == 2
    assert ended(monkeypatch, "verify", "--digest", "v1.2.3") == 2
    assert ended(monkeypatch, "verify", "--digest", NEW, "--before", str(tmp_path / "none")) == 2
    assert ended(monkeypatch, "rollback", "--reason", "none") == 1
    assert "nothing to go back to" in capsys.readouterr().err

    folder = ("--data-dir", str(tmp_path))
    assert ended(monkeypatch, "rotate", *folder, "--look-seconds", "0.1") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Rotated 2 tasks. Memory before: 150 MB, 150 MB. After: 150 MB, 150 MB." in said
    assert len(list((tmp_path / "rotations").glob("*/*.prom"))) == 2
    with psycopg.connect(os.environ["DATABASE_URL"]) as conn:
        rows = conn.execute("select action, actor from audit where action like 'service.%'").fetchall()
    assert rows == [("service.rotate", f"cli:{getpass.getuser()}")]
