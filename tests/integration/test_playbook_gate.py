"""The gate before a deploy and the checks of the month: each can be red, and without its source none is green."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playbook_harness import RealClock, answering, ask, parts_over

from anclora.costs import review
from anclora.kit.ids import new_id
from anclora.playbook import Checklist, Verdict
from anclora.playbook.sources.deploys import way_back
from anclora.security import Check, Finding, Report, keep
from anclora.security.packages import installed
from anclora.storage.database import Database
from anclora.storage.migrate import revisions
from tests.aws_server import point_to
from tests.loopback import serving

NOW = datetime.now(UTC)
COMMIT = "c0ffee1" + "0" * 33
DIGEST = "sha256:" + "a" * 64
ROOT = "/repos/anclora/wa/deployments"
KEY = "k" * 32
OPEN = """
insert into incidents (
    id, fingerprint, name, severity, summary, source, state, starts_at, opened_at, clock_at, last_signal_at
)
values (%(id)s, 'x', 'AncloraQueueDown', 'critical', 'down', 'builtin', 'open', now(), now(), now(), now())
"""


def deployment(number: int, sha: str = COMMIT, **payload: str) -> dict[str, Any]:
    return {"id": number, "sha": sha, "payload": payload}


def statuses(number: int, state: str) -> dict[str, Any]:
    return {f"{ROOT}/{number}/statuses": [{"state": state}]}


async def gate(db: Database, redis: Any, check: str, answers: dict[str, Any]) -> tuple[Verdict, Any, str]:
    async with answering(answers) as url:
        settings: dict[str, Any] = {"github_api_url": url, "github_repository": "anclora/wa", "github_token": "t"}
        parts = parts_over(db, redis, RealClock(), commit=COMMIT[:10], **settings)
        found = await ask(parts, Checklist.PRE_DEPLOY, check)
        return found.verdict, found.value, " ".join([*found.facts, found.reason])


async def test_staging_runs_this_commit_by_digest_and_passed(db: Database, redis: Any) -> None:
    whole = deployment(7, digest=DIGEST)
    cases: list[tuple[list[Any], str, Verdict, Any, str]] = [
        ([], "success", Verdict.FINDING, None, "Nothing was ever deployed to staging"),
        ([deployment(7, sha="b" * 40, digest=DIGEST), whole], "success", Verdict.FINDING, "another commit", "b" * 12),
        ([deployment(7)], "success", Verdict.FINDING, "no digest", "by no digest"),
        ([whole], "failure", Verdict.FINDING, "failure", DIGEST),
        ([whole], "in_progress", Verdict.FINDING, "in_progress", DIGEST),
        ([whole], "success", Verdict.OK, "passed", DIGEST),
    ]
    for deployments, state, verdict, value, words in cases:
        found = await gate(db, redis, "staging", {ROOT: deployments, **statuses(7, state)})
        assert found[:2] == (verdict, value), words
        assert words in found[2]
    assert (await gate(db, redis, "staging", {ROOT: 500}))[0] is Verdict.UNKNOWN
    assert (await gate(db, redis, "staging", {ROOT: [whole]}))[0] is Verdict.UNKNOWN  # its statuses cannot be read


async def test_the_way_back_is_what_last_went_well_in_production(db: Database, redis: Any) -> None:
    failed, good = deployment(9, digest="x"), deployment(8, digest=DIGEST, revision=revisions()[-2])
    found = await gate(
        db, redis, "rollback", {ROOT: [failed, good], **statuses(9, "failure"), **statuses(8, "success")}
    )
    assert found[:2] == (Verdict.OK, "ready")
    assert f"migrations since: {revisions()[-1]}" in found[2]
    assert (await gate(db, redis, "rollback", {ROOT: []}))[0] is Verdict.FINDING
    nothing = await gate(db, redis, "rollback", {ROOT: [failed], **statuses(9, "failure")})
    assert (nothing[0], "there is nothing to go back to" in nothing[2]) == (Verdict.FINDING, True)


@pytest.mark.parametrize(
    ("digest", "revision", "value"),
    [
        (DIGEST, "0002_b", "ready"),
        ("", "0002_b", "no digest"),
        ("latest", "0002_b", "no digest"),
        (DIGEST, "", "schema not recorded"),
        (DIGEST, "0099_newer", "schema not ours"),
    ],
)
def test_one_goes_back_only_to_a_digest_whose_tables_are_known(digest: str, revision: str, value: str) -> None:
    assert way_back(digest, revision, COMMIT, ("0001_a", "0002_b", "0003_c")).value == value


async def test_an_open_critical_closes_the_gate_and_so_does_a_watch_that_does_not_look(
    db: Database, redis: Any
) -> None:
    parts = parts_over(db, redis, RealClock())

    async def monitoring() -> Any:
        return await ask(parts, Checklist.PRE_DEPLOY, "monitoring")

    assert (await monitoring()).verdict is Verdict.UNKNOWN
    await db.execute("insert into alert_rounds (source, at) values ('evaluator', now())")
    assert (await monitoring()).verdict is Verdict.OK
    await db.execute(OPEN, id=new_id())
    closed = await monitoring()
    assert (closed.verdict, list(closed.facts)) == (Verdict.FINDING, ["AncloraQueueDown (critical, open)"])


# The checks of the month.


async def month(db: Database, redis: Any, check: str, **settings: Any) -> tuple[Verdict, Any, str]:
    found = await ask(parts_over(db, redis, RealClock(), **settings), Checklist.MONTHLY, check)
    return found.verdict, found.value, " ".join([*found.facts, found.reason])


async def test_costs_are_compared_with_their_limit_and_nobody_is_asked_without_one(
    db: Database, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to("http://127.0.0.1:9", monkeypatch)
    assert (await month(db, redis, "costs"))[::2] == (Verdict.NOT_CONFIGURED, "ANCLORA_COSTS_MONTH_LIMIT")
    assert (await month(db, redis, "costs", costs_month_limit=40))[0] is Verdict.UNKNOWN
    now = datetime.now(UTC)  # an answer is kept for its day
    last = (now.replace(day=1) - timedelta(days=1)).replace(day=1)
    cost = {"Amount": "30", "Unit": "USD"}
    group = {"Keys": ["Amazon ECS", "Environment$x"], "Metrics": {"UnblendedCost": cost, "AmortizedCost": cost}}
    period = {"Start": f"{last:%Y-%m-%d}", "End": f"{now:%Y-%m}-01"}
    answer = [{"TimePeriod": period, "Total": {}, "Groups": [group], "Estimated": False}]
    await review(db, now, tag="Environment", ask=lambda _wish: answer)  # kept for the day
    assert (await month(db, redis, "costs", costs_month_limit=40))[:2] == (Verdict.OK, 75)
    over = await month(db, redis, "costs", costs_month_limit=20)
    assert (over[:2], "Amazon ECS: 30.00" in over[2]) == ((Verdict.FINDING, 150), True)


async def test_the_last_audit_counts_while_it_is_of_this_month_and_signed(
    db: Database, redis: Any, tmp_path: Path
) -> None:
    def report(days: int, *ids: str, unseen: tuple[str, ...] = ()) -> Report:
        findings = tuple(Finding(id=each, where=each, what="old", advice="mend") for each in ids)
        check = Check(name="code", looked_at=1, unit="files", findings=findings, unseen=unseen)
        return Report(kind="audit", at=NOW - timedelta(days=days), program="0", folder="/", checks=(check,))

    where = {"data_dir": tmp_path, "audit_key": KEY}
    assert (await month(db, redis, "audit", data_dir=tmp_path))[::2] == (Verdict.NOT_CONFIGURED, "ANCLORA_AUDIT_KEY")
    assert (await month(db, redis, "audit", **where))[0] is Verdict.FINDING  # there is none
    for days, made, verdict in (
        (50, report(50), Verdict.FINDING),
        (9, report(9, "a", "b"), Verdict.FINDING),
        (8, report(8, unseen=("no network",)), Verdict.FINDING),
        (7, report(7), Verdict.OK),
    ):
        path = keep(made, KEY, tmp_path / "security")
        assert (await month(db, redis, "audit", **where))[0] is verdict, days
    path.write_text(path.read_text(encoding="utf-8").replace('"looked_at": 1', '"looked_at": 9'), encoding="utf-8")
    assert (await month(db, redis, "audit", **where))[0] is Verdict.UNKNOWN  # somebody changed it


async def test_old_packages_are_asked_of_the_index_somebody_named(
    db: Database, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    newest = dict(installed())

    async def index(request: web.Request) -> web.Response:
        name = request.path.strip("/").rpartition("/")[2]
        if name not in newest:
            return web.Response(status=404)
        file = {"filename": f"{name.replace('-', '_')}-{newest[name]}.tar.gz", "url": "x", "hashes": {}}
        return web.json_response({"name": name, "files": [file]}, content_type="application/vnd.pypi.simple.v1+json")

    assert (await month(db, redis, "dependencies"))[0] is Verdict.NOT_CONFIGURED
    async with serving(index) as url:
        assert (await month(db, redis, "dependencies", deps_index_url=url))[:2] == (Verdict.OK, 0)
        newest["redis"] = "999.0"
        found = await month(db, redis, "dependencies", deps_index_url=url)
        assert (found[:2], "-> 999.0" in found[2]) == ((Verdict.FINDING, 1), True)
        del newest["typer"]
        assert (await month(db, redis, "dependencies", deps_index_url=url))[0] is Verdict.UNKNOWN
